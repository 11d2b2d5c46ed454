-- Champions come from the official final standings and never from summing race points: until 1990
-- only the best results counted.
with driver_seasons as (
  select * from {{ ref('int_driver_season_ranked') }}
),

constructor_seasons as (
  select * from {{ ref('constructor_points_by_season') }}
),

drivers as (
  select * from {{ source('drivers', 'dim_driver') }}
),

champion_drivers as (
  select * from driver_seasons
  where is_complete
    and standing_position = 1
),

champion_constructors as (
  select * from constructor_seasons
  where is_season_complete
    and standing_position = 1
),

final as (
  select
    champion_drivers.season,
    drivers.driver_ref,
    drivers.full_name as driver,
    drivers.country as driver_country,
    champion_drivers.official_points as driver_points,
    champion_drivers.wins as driver_wins,
    champion_constructors.constructor_ref,
    champion_constructors.constructor,
    champion_constructors.engine_ref,
    champion_constructors.points as constructor_points,
    champion_constructors.wins as constructor_wins
  from champion_drivers
  inner join drivers
    on champion_drivers.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('champion_drivers.standings_date', 'drivers') }}
  left join champion_constructors
    on champion_drivers.season = champion_constructors.season
)

select
  season,
  driver_ref,
  driver,
  driver_country,
  driver_points,
  driver_wins,
  constructor_ref,
  constructor,
  engine_ref,
  constructor_points,
  constructor_wins
from final
