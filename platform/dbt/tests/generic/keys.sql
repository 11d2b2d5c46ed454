{#- The key of a model: the combination is unique and no part of it is null. -#}
{% test unique_key(model, columns) %}
select
  {{ columns | join(', ') }},
  count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{%- for column in columns %}
  or {{ column }} is null
{%- endfor %}
{% endtest %}


{#- Several foreign keys in one query: `keys` maps a column to [relation, column]. -#}
{% test foreign_keys(model, keys) %}
{%- for column, target in keys.items() %}
select
  '{{ column }}' as foreign_key,
  cast(child.{{ column }} as string) as key_value,
  count(*) as row_count
from {{ model }} as child
left anti join {{ target[0] }} as parent
  on child.{{ column }} = parent.{{ target[1] }}
where child.{{ column }} is not null
group by child.{{ column }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}
