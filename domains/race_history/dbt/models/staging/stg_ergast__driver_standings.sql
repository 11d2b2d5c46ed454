with source_rows as (
  select * from {{ source('ergast', 'driver_standings') }}
),

final as (
  select
    cast(raceId as int) as race_id,
    cast(driverId as int) as driver_id,
    cast(points as decimal(8, 2)) as points,
    cast(position as int) as standing_position,
    trim(positionText) as position_text,
    cast(wins as int) as wins,
    updated_at as changed_at
  from source_rows
)

select
  race_id,
  driver_id,
  points,
  standing_position,
  position_text,
  wins,
  changed_at
from final
