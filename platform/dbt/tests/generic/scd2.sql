{#- The versions of each entity cover all time once: the first begins at the start of time, each next
    one where the one before it ends, the last never ends and is the only current one. -#}
{% test scd2_intervals(model, natural_key) %}
with versions as (
  select
    {{ natural_key }},
    valid_from,
    valid_to,
    is_current,
    lag(valid_to) over (partition by {{ natural_key }} order by valid_from) as previous_end,
    lead(valid_from) over (partition by {{ natural_key }} order by valid_from) as next_start
  from {{ model }}
)

select *
from versions
where valid_from >= valid_to
  or valid_from <> coalesce(previous_end, {{ f1mesh.start_of_time() }})
  or (next_start is null and valid_to <> {{ f1mesh.end_of_time() }})
  or is_current <> (next_start is null)
{% endtest %}


{#- Rows of a fact point to those versions of SCD2 dimensions that were known at the end of the
    fact's day: `versions` maps a key column to the dimension that has it. -#}
{% test refers_to_version(model, day, versions) %}
{%- for column, dimension in versions.items() %}
select
  '{{ column }}' as foreign_key,
  cast(child.{{ column }} as string) as key_value,
  child.{{ day }},
  parent.valid_from,
  parent.valid_to
from {{ model }} as child
left join {{ dimension }} as parent
  on child.{{ column }} = parent.{{ column }}
where parent.{{ column }} is null
  or not (
    {{ f1mesh.valid_at_end_of('child.' ~ day, 'parent') }}
  )
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}
