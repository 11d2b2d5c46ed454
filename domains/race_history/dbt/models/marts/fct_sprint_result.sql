{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='sprint_result_sk',
    matched_condition=f1mesh.any_differs(['changed_at', 'driver_sk', 'constructor_sk', 'status_sk'], partition='season'),
    liquid_clustered_by='season',
    post_hook=f1mesh.delete_vanished_hook('stg_ergast__sprint_results', 'result_id')
  )
}}

with results as (
  select * from {{ ref('stg_ergast__sprint_results') }}
),

races as (
  select * from {{ ref('stg_ergast__races') }}
),

driver_keys as (
  select * from {{ ref('stg_ergast__drivers') }}
),

constructor_keys as (
  select * from {{ ref('stg_ergast__constructors') }}
),

drivers as (
  select * from {{ source('drivers', 'dim_driver') }}
),

constructors as (
  select * from {{ source('drivers', 'dim_constructor') }}
),

statuses as (
  select * from {{ ref('dim_status') }}
),

final as (
  select
    {{ f1mesh.surrogate_key(['results.result_id']) }} as sprint_result_sk,
    results.result_id,
    races.season,
    coalesce(races.sprint_date, races.race_date) as sprint_date,
    races.race_date,
    {{ f1mesh.surrogate_key(['results.race_id']) }} as race_sk,
    drivers.driver_sk,
    constructors.constructor_sk,
    statuses.status_sk,
    results.car_number,
    nullif(results.grid, 0) as grid_position,
    results.finish_position,
    results.position_text,
    results.position_order,
    {{ outcome('results.position_text') }} as outcome,
    results.points,
    results.laps,
    results.duration_ms,
    greatest(results.changed_at, races.changed_at) as changed_at
  from results
  inner join races
    on results.race_id = races.race_id
  left join driver_keys
    on results.driver_id = driver_keys.driver_id
  left join drivers
    on driver_keys.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('races.race_date', 'drivers') }}
  left join constructor_keys
    on results.constructor_id = constructor_keys.constructor_id
  left join constructors
    on constructor_keys.constructor_ref = constructors.constructor_ref
    and {{ f1mesh.valid_at_end_of('races.race_date', 'constructors') }}
  left join statuses
    on results.status_id = statuses.status_id
    and {{ f1mesh.valid_at_end_of('races.race_date', 'statuses') }}
)

select
  sprint_result_sk,
  result_id,
  season,
  sprint_date,
  race_date,
  race_sk,
  driver_sk,
  constructor_sk,
  status_sk,
  car_number,
  grid_position,
  finish_position,
  position_text,
  position_order,
  outcome,
  points,
  laps,
  duration_ms,
  changed_at
from final
where {{ f1mesh.changed_since_last_build('changed_at', partition='season') }}
