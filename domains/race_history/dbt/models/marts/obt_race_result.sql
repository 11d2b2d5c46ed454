with results as (
  select * from {{ ref('fct_race_result') }}
),

qualifying as (
  select * from {{ ref('fct_qualifying_result') }}
),

sprints as (
  select distinct race_sk from {{ ref('fct_sprint_result') }}
),

races as (
  select * from {{ ref('dim_race') }}
),

circuits as (
  select * from {{ ref('dim_circuit') }}
),

statuses as (
  select * from {{ ref('dim_status') }}
),

drivers as (
  select * from {{ source('drivers', 'dim_driver') }}
),

constructors as (
  select * from {{ source('drivers', 'dim_constructor') }}
),

pole_rules as (
  select * from {{ ref('pole_rules') }}
),

qualified as (
  select
    race_sk,
    driver_sk,
    min(qualifying_position) as qualifying_position
  from qualifying
  group by race_sk, driver_sk
),

final as (
  select
    results.race_result_sk,
    results.race_sk,
    results.season,
    races.round,
    races.race_name,
    results.race_date,
    races.is_season_complete,
    circuits.circuit_ref,
    circuits.circuit_name,
    circuits.country as circuit_country,
    drivers.driver_ref,
    drivers.full_name as driver,
    drivers.country as driver_country,
    constructors.constructor_ref,
    constructors.constructor_name as constructor,
    constructors.country as constructor_country,
    results.car_number,
    qualified.qualifying_position,
    results.grid_position,
    results.finish_position,
    results.outcome,
    statuses.status,
    results.is_started,
    results.is_shared_drive,
    coalesce(
      case
        when sprints.race_sk is not null and pole_rules.decided_by = 'qualifying'
          then qualified.qualifying_position = 1
        else results.grid_position = 1
      end,
      false
    ) as is_pole,
    coalesce(results.finish_position = 1, false) as is_win,
    coalesce(results.finish_position <= 3, false) as is_podium,
    coalesce(results.fastest_lap_rank = 1, false) as is_fastest_lap,
    results.points,
    results.laps,
    results.duration_ms,
    results.fastest_lap_ms
  from results
  inner join races
    on results.race_sk = races.race_sk
  inner join circuits
    on races.circuit_sk = circuits.circuit_sk
  inner join drivers
    on results.driver_sk = drivers.driver_sk
  inner join constructors
    on results.constructor_sk = constructors.constructor_sk
  inner join statuses
    on results.status_sk = statuses.status_sk
  left join qualified
    on results.race_sk = qualified.race_sk
    and results.driver_sk = qualified.driver_sk
  left join sprints
    on results.race_sk = sprints.race_sk
  left join pole_rules
    on results.season between pole_rules.first_season and pole_rules.last_season
)

select
  race_result_sk,
  race_sk,
  season,
  round,
  race_name,
  race_date,
  is_season_complete,
  circuit_ref,
  circuit_name,
  circuit_country,
  driver_ref,
  driver,
  driver_country,
  constructor_ref,
  constructor,
  constructor_country,
  car_number,
  qualifying_position,
  grid_position,
  finish_position,
  outcome,
  status,
  is_started,
  is_shared_drive,
  is_pole,
  is_win,
  is_podium,
  is_fastest_lap,
  points,
  laps,
  duration_ms,
  fastest_lap_ms
from final
