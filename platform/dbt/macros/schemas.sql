{#- The schema of a node: `<domain>_<layer>`, the domain being the root project. A pull request sets
    the variable `schema_prefix` (or F1_SCHEMA_PREFIX) and so gets schemas of its own.

    dbt looks for generate_schema_name in the root project only, therefore each domain has one that
    calls this. -#}
{%- macro domain_schema(layer) -%}
  {%- if not layer -%}
    {{ exceptions.raise_compiler_error(
        "Every node needs a layer (+schema: staging or marts); " ~ project_name ~ " has one without."
    ) }}
  {%- endif -%}
  {{ return(f1mesh.schema_prefix() ~ project_name ~ '_' ~ layer) }}
{%- endmacro -%}


{%- macro schema_prefix() -%}
  {{ return(var('schema_prefix', env_var('F1_SCHEMA_PREFIX', ''))) }}
{%- endmacro -%}
