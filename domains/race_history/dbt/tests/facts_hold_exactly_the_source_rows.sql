-- An incremental fact holds what a full build would: every row of the source and no other.
with facts as (
  select
    'fct_race_result' as fact,
    cast(result_id as string) as key
  from {{ ref('fct_race_result') }}
  union all
  select
    'fct_sprint_result' as fact,
    cast(result_id as string) as key
  from {{ ref('fct_sprint_result') }}
  union all
  select
    'fct_qualifying_result' as fact,
    cast(qualify_id as string) as key
  from {{ ref('fct_qualifying_result') }}
  union all
  select
    'fct_pit_stop' as fact,
    pit_stop_sk as key
  from {{ ref('fct_pit_stop') }}
),

source_rows as (
  select
    'fct_race_result' as fact,
    cast(result_id as string) as key
  from {{ ref('stg_ergast__results') }}
  union all
  select
    'fct_sprint_result' as fact,
    cast(result_id as string) as key
  from {{ ref('stg_ergast__sprint_results') }}
  union all
  select
    'fct_qualifying_result' as fact,
    cast(qualify_id as string) as key
  from {{ ref('stg_ergast__qualifying') }}
  union all
  select
    'fct_pit_stop' as fact,
    {{ f1mesh.surrogate_key(['race_id', 'driver_id', 'stop_number']) }} as key
  from {{ ref('stg_ergast__pit_stops') }}
)

select
  coalesce(facts.fact, source_rows.fact) as fact,
  coalesce(facts.key, source_rows.key) as key,
  facts.key is null as is_missing
from facts
full outer join source_rows
  on facts.fact = source_rows.fact
  and facts.key = source_rows.key
where facts.key is null
  or source_rows.key is null
