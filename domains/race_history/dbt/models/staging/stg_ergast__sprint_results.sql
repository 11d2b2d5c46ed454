with source_rows as (
  select * from {{ source('ergast', 'sprint_results') }}
),

final as (
  select
    cast(resultId as bigint) as result_id,
    cast(raceId as int) as race_id,
    cast(driverId as int) as driver_id,
    cast(constructorId as int) as constructor_id,
    cast(number as int) as car_number,
    cast(grid as int) as grid,
    -- The text decides: some sources number retired cars, or leave the number of a place out.
    try_cast(trim(positionText) as int) as finish_position,
    trim(positionText) as position_text,
    cast(positionOrder as int) as position_order,
    cast(points as decimal(8, 2)) as points,
    cast(laps as int) as laps,
    cast(milliseconds as bigint) as duration_ms,
    cast(statusId as int) as status_id,
    updated_at as changed_at
  from source_rows
)

select
  result_id,
  race_id,
  driver_id,
  constructor_id,
  car_number,
  grid,
  finish_position,
  position_text,
  position_order,
  points,
  laps,
  duration_ms,
  status_id,
  changed_at
from final
