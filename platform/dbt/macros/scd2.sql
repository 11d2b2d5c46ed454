{#- Kimball's open end: no null, so that an interval is compared by plain inequalities. -#}
{%- macro end_of_time() -%}
  timestamp '9999-12-31 00:00:00'
{%- endmacro -%}


{#- Before everything that a mesh tells of. -#}
{%- macro start_of_time() -%}
  timestamp '1900-01-01 00:00:00'
{%- endmacro -%}


{#- Columns valid_from, valid_to, is_current of a snapshot's versions: half-open intervals
    [valid_from, valid_to) that touch.

    A snapshot knows nothing before its first run, but facts are older: the first version of each
    entity is therefore open to the past. A version ends where the next one begins. -#}
{%- macro scd2_interval(natural_key) -%}
  case
    when row_number() over (partition by {{ natural_key }} order by dbt_valid_from) = 1
      then {{ f1mesh.start_of_time() }}
    else dbt_valid_from
  end as valid_from,
  coalesce(
    lead(dbt_valid_from) over (partition by {{ natural_key }} order by dbt_valid_from),
    {{ f1mesh.end_of_time() }}
  ) as valid_to,
  row_number() over (partition by {{ natural_key }} order by dbt_valid_from desc) = 1 as is_current
{%- endmacro -%}


{#- Join condition: the version of `dimension` that was known at the end of `day` (a date; UTC), so
    that a change on the day of an event counts for that event. -#}
{%- macro valid_at_end_of(day, dimension) -%}
  {{ dimension }}.valid_from < cast(date_add({{ day }}, 1) as timestamp)
  and {{ dimension }}.valid_to >= cast(date_add({{ day }}, 1) as timestamp)
{%- endmacro -%}
