with seasons as (
  select * from {{ ref('int_season_completed') }}
),

standings as (
  select * from {{ ref('stg_ergast__constructor_standings') }}
),

constructor_keys as (
  select * from {{ ref('stg_ergast__constructors') }}
),

constructors as (
  select * from {{ source('drivers', 'dim_constructor') }}
),

final as (
  select
    seasons.season,
    constructors.constructor_ref,
    standings.engine_ref,
    constructors.constructor_name as constructor,
    constructors.country as constructor_country,
    standings.standing_position,
    standings.position_text,
    standings.points,
    standings.wins,
    seasons.is_complete as is_season_complete
  from seasons
  inner join standings
    on seasons.standings_race_id = standings.race_id
  inner join constructor_keys
    on standings.constructor_id = constructor_keys.constructor_id
  inner join constructors
    on constructor_keys.constructor_ref = constructors.constructor_ref
    and {{ f1mesh.valid_at_end_of('seasons.standings_date', 'constructors') }}
)

select
  season,
  constructor_ref,
  engine_ref,
  constructor,
  constructor_country,
  standing_position,
  position_text,
  points,
  wins,
  is_season_complete
from final
