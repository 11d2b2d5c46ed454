{#- Condition of an incremental fact: rows that changed at the source since the newest row that the
    table holds, less a lookback for what was committed late. It looks at the time of the change
    and not at the day that a row is about, so a correction of an old row is found.

    `partition` is the column that the domain's backfills go by (domain.yaml): with the dbt variable
    `variable` (the same word, unless told) the rows of that part are taken too, changed or not. -#}
{%- macro changed_since_last_build(changed_at, partition=none, variable=none) -%}
  {%- if is_incremental() -%}
    ({{ changed_at }} >= (
      select coalesce(max(built.{{ changed_at }}), {{ f1mesh.start_of_time() }})
        - interval '{{ var("lookback_days") }}' day
      from {{ this }} as built
    )
    {%- set asked = f1mesh.asked_part(partition, variable) %}
    {%- if asked %} or {{ asked }}{% endif %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro -%}


{#- The condition of the part that this build was asked for; empty where it was asked for none. -#}
{%- macro asked_part(partition, variable=none, relation='') -%}
  {%- set value = var(variable or partition, none) if partition else none -%}
  {%- if value is not none -%}
    {{ relation }}{{ partition }} = {{ value if value is number else "'" ~ value ~ "'" }}
  {%- endif -%}
{%- endmacro -%}


{#- For `matched_condition`: a merge writes a row that it reads again only if one of these columns
    moved. Every other column follows from the source row, whose change moves `changed_at`; a part
    that is computed again (see above) is written whole, since its rule may have changed. -#}
{%- macro any_differs(columns, partition=none, variable=none) -%}
  {%- set asked = f1mesh.asked_part(partition, variable, 'DBT_INTERNAL_SOURCE.') -%}
  {%- if asked %}{{ asked }} or {% endif -%}
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
