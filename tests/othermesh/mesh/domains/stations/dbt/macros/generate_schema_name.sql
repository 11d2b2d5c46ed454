{%- macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(f1mesh.domain_schema(custom_schema_name)) }}
{%- endmacro -%}
