with source_rows as (
  select * from {{ source('ergast', 'pit_stops') }}
),

final as (
  select
    cast(raceId as int) as race_id,
    cast(driverId as int) as driver_id,
    cast(stop as int) as stop_number,
    cast(lap as int) as lap,
    cast(milliseconds as bigint) as duration_ms,
    updated_at as changed_at
  from source_rows
)

select
  race_id,
  driver_id,
  stop_number,
  lap,
  duration_ms,
  changed_at
from final
