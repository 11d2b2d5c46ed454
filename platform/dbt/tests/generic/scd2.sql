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


{#- A fact points to the version of an SCD2 dimension that was known at the end of its day. -#}
{% test refers_to_version(model, column, day, to, field) %}
select
  child.{{ column }},
  child.{{ day }},
  parent.valid_from,
  parent.valid_to
from {{ model }} as child
left join {{ to }} as parent
  on child.{{ column }} = parent.{{ field }}
where parent.{{ field }} is null
  or not (
    {{ f1mesh.valid_at_end_of('child.' ~ day, 'parent') }}
  )
{% endtest %}
