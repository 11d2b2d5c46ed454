{#- Condition of an incremental fact: rows that changed at the source since the newest row that the
    table holds, less a lookback for what was committed late. It looks at the time of the change
    and not at the day of the race, so a correction of an old race is found. -#}
{%- macro changed_since_last_build(changed_at) -%}
  {%- if is_incremental() -%}
    {{ changed_at }} >= (
      select coalesce(max({{ changed_at }}), {{ f1mesh.start_of_time() }})
        - interval '{{ var("lookback_days") }}' day
      from {{ this }}
    )
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro -%}


{#- Post-hook of an incremental fact: rows whose key is gone from `relation` leave the table. A merge
    cannot see them, since it reads the changed rows only. -#}
{%- macro delete_vanished(relation, key) -%}
  {%- if is_incremental() -%}
    merge into {{ this }} as kept
    using (
      select fact.{{ key }}
      from {{ this }} as fact
      left anti join {{ relation }} as source_row
        on fact.{{ key }} = source_row.{{ key }}
    ) as vanished
      on kept.{{ key }} = vanished.{{ key }}
    when matched then delete
  {%- endif -%}
{%- endmacro -%}
