{#- Several ranges in one query: `ranges` maps a column to [minimum, maximum], either may be null.
    The bounds belong to the range; a null value has no range. -#}
{% test accepted_ranges(model, ranges) %}
select *
from {{ model }}
where false
{%- for column, bounds in ranges.items() %}
  {%- if bounds[0] is not none %}
  or {{ column }} < {{ bounds[0] }}
  {%- endif %}
  {%- if bounds[1] is not none %}
  or {{ column }} > {{ bounds[1] }}
  {%- endif %}
{%- endfor %}
{% endtest %}


{#- Statements that hold for every row, each a SQL condition; a null counts as true. -#}
{% test rows_satisfy(model, conditions) %}
select *
from {{ model }}
where false
{%- for condition in conditions %}
  or not ({{ condition }})
{%- endfor %}
{% endtest %}


{#- The number of rows lies between two bounds: an empty or exploded table is an error even if every
    row in it is right. -#}
{% test row_count_between(model, minimum, maximum=none) %}
select count(*) as row_count
from {{ model }}
having count(*) < {{ minimum }}
{%- if maximum is not none %} or count(*) > {{ maximum }}{% endif %}
{% endtest %}
