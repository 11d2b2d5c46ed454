with source_rows as (
  select * from {{ source('ergast', 'qualifying') }}
),

final as (
  select
    cast(qualifyId as bigint) as qualify_id,
    cast(raceId as int) as race_id,
    cast(driverId as int) as driver_id,
    cast(constructorId as int) as constructor_id,
    cast(number as int) as car_number,
    cast(position as int) as qualifying_position,
    trim(q1) as q1_time,
    trim(q2) as q2_time,
    trim(q3) as q3_time,
    updated_at as changed_at
  from source_rows
)

select
  qualify_id,
  race_id,
  driver_id,
  constructor_id,
  car_number,
  qualifying_position,
  q1_time,
  q2_time,
  q3_time,
  changed_at
from final
