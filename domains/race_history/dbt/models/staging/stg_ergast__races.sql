with source_rows as (
  select * from {{ source('ergast', 'races') }}
),

final as (
  select
    cast(raceId as int) as race_id,
    cast(year as int) as season,
    cast(round as int) as round,
    cast(circuitId as int) as circuit_id,
    trim(name) as race_name,
    cast(date as date) as race_date,
    try_cast(
      concat(
        cast(cast(date as date) as string), ' ', substr(cast(time as string), 1, 8)
      ) as timestamp
    ) as race_started_at,
    cast(quali_date as date) as qualifying_date,
    cast(sprint_date as date) as sprint_date,
    url,
    updated_at as changed_at
  from source_rows
)

select
  race_id,
  season,
  round,
  circuit_id,
  race_name,
  race_date,
  race_started_at,
  qualifying_date,
  sprint_date,
  url,
  changed_at
from final
