{#- The surrogate key of the natural key `columns` (expressions in order): 32 hexadecimal digits that
    are equal in every environment. A null part is told apart from an empty one. -#}
{%- macro surrogate_key(columns) -%}
  md5(concat_ws('|'
    {%- for column in columns -%}
      , coalesce(cast({{ column }} as string), '<null>')
    {%- endfor -%}
  ))
{%- endmacro -%}
