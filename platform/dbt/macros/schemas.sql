{#- The schema of a node: `<domain>_<layer>`, the domain being the root project. A pull request sets
    F1_SCHEMA_PREFIX and so gets schemas of its own (platform/f1mesh/schemas.py makes the same names).

    dbt looks for generate_schema_name in the root project only, therefore each domain has one that
    calls this. -#}
{%- macro domain_schema(layer) -%}
  {%- if not layer -%}
    {{ exceptions.raise_compiler_error(
        "Every node needs a layer (+schema: staging or marts); " ~ project_name ~ " has one without."
    ) }}
  {%- endif -%}
  {{ return(env_var('F1_SCHEMA_PREFIX', '') ~ project_name ~ '_' ~ layer) }}
{%- endmacro -%}
