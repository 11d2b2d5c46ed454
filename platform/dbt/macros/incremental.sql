{#- Condition of an incremental fact: rows that changed at the source since the newest row that the
    table holds, less a lookback for what was committed late. It looks at the time of the change
    and not at the day of the race, so a correction of an old race is found. With `--vars '{season: n}'`
    the rows of that season are taken too, changed or not. -#}
{%- macro changed_since_last_build(changed_at) -%}
  {%- if is_incremental() -%}
    ({{ changed_at }} >= (
      select coalesce(max(built.{{ changed_at }}), {{ f1mesh.start_of_time() }})
        - interval '{{ var("lookback_days") }}' day
      from {{ this }} as built
    )
    {%- if var("season", none) is not none %} or season = {{ var("season") | int }}{% endif %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro -%}


{#- For `matched_condition`: a merge writes a row that it reads again only if one of these columns
    moved. Every other column follows from the source row, whose change moves `changed_at`; a season
    that is computed again is written whole, since its rule may have changed. -#}
{%- macro any_differs(columns) -%}
  {%- if var("season", none) is not none %}DBT_INTERNAL_SOURCE.season = {{ var("season") | int }} or {% endif -%}
  {%- for column in columns -%}
    {{ ' or ' if not loop.first }}DBT_INTERNAL_SOURCE.{{ column }} is distinct from DBT_INTERNAL_DEST.{{ column }}
  {%- endfor -%}
{%- endmacro -%}


{#- Post-hook of an incremental fact: rows whose key is gone from the staging model leave the table. A
    merge cannot see them, since it reads the changed rows only. `source_key` is the expression of the
    key over the staging model where it has another name there. -#}
{%- macro delete_vanished_hook(staging_model, key, source_key=none) -%}
  {{ return(
    "{{ f1mesh.delete_vanished(ref('" ~ staging_model ~ "'), '" ~ key ~ "', \"" ~ (source_key or key) ~ "\") }}"
  ) }}
{%- endmacro -%}


{%- macro delete_vanished(relation, key, source_key) -%}
  {%- if is_incremental() -%}
    merge into {{ this }} as kept
    using (
      select fact.{{ key }}
      from {{ this }} as fact
      left anti join (select {{ source_key }} as {{ key }} from {{ relation }}) as source_row
        on fact.{{ key }} = source_row.{{ key }}
    ) as vanished
      on kept.{{ key }} = vanished.{{ key }}
    when matched then delete
  {%- endif -%}
{%- endmacro -%}
