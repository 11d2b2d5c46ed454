with source_rows as (
  select * from {{ source('ergast', 'constructor_standings') }}
),

final as (
  select
    cast(raceId as int) as race_id,
    cast(constructorId as int) as constructor_id,
    coalesce(trim(engineRef), 'unknown') as engine_ref,
    cast(points as decimal(8, 2)) as points,
    cast(position as int) as standing_position,
    trim(positionText) as position_text,
    cast(wins as int) as wins,
    updated_at as changed_at
  from source_rows
)

select
  race_id,
  constructor_id,
  engine_ref,
  points,
  standing_position,
  position_text,
  wins,
  changed_at
from final
