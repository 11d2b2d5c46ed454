{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='race_result_sk',
    matched_condition=f1mesh.any_differs(['changed_at', 'driver_sk', 'constructor_sk', 'status_sk'], partition='season'),
    liquid_clustered_by='season',
    post_hook=f1mesh.delete_vanished_hook('stg_ergast__results', 'result_id')
  )
}}

with results as (
  select * from {{ ref('stg_ergast__results') }}
),

races as (
  select * from {{ ref('stg_ergast__races') }}
),

circuits as (
  select * from {{ ref('stg_ergast__circuits') }}
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

-- A change of one result or of the race itself concerns all results of the race: whether a drive
-- was shared depends on the other rows.
entries as (
  select
    results.*,
    races.season,
    races.race_date,
    races.circuit_id,
    {{ outcome('results.position_text') }} as outcome,
    max(greatest(results.changed_at, races.changed_at)) over (
      partition by results.race_id
    ) as race_changed_at
  from results
  inner join races
    on results.race_id = races.race_id
),

drives as (
  select
    *,
    {{ is_started('outcome') }} as is_started,
    car_number is not null
    and {{ is_started('outcome') }}
    and count_if({{ is_started('outcome') }}) over (
      partition by race_id, constructor_id, car_number
    ) > 1 as is_shared_drive
  from entries
),

final as (
  select
    {{ f1mesh.surrogate_key(['drives.result_id']) }} as race_result_sk,
    drives.result_id,
    drives.season,
    drives.race_date,
    {{ f1mesh.surrogate_key(['drives.race_id']) }} as race_sk,
    {{ f1mesh.surrogate_key(['circuits.circuit_ref']) }} as circuit_sk,
    drivers.driver_sk,
    constructors.constructor_sk,
    statuses.status_sk,
    drives.car_number,
    nullif(drives.grid, 0) as grid_position,
    drives.finish_position,
    drives.position_text,
    drives.position_order,
    drives.outcome,
    drives.is_started,
    drives.is_shared_drive,
    drives.points,
    drives.laps,
    drives.duration_ms,
    drives.fastest_lap,
    drives.fastest_lap_rank,
    {{ lap_time_ms('drives.fastest_lap_time') }} as fastest_lap_ms,
    drives.fastest_lap_speed_kph,
    drives.race_changed_at as changed_at
  from drives
  inner join circuits
    on drives.circuit_id = circuits.circuit_id
  left join driver_keys
    on drives.driver_id = driver_keys.driver_id
  left join drivers
    on driver_keys.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('drives.race_date', 'drivers') }}
  left join constructor_keys
    on drives.constructor_id = constructor_keys.constructor_id
  left join constructors
    on constructor_keys.constructor_ref = constructors.constructor_ref
    and {{ f1mesh.valid_at_end_of('drives.race_date', 'constructors') }}
  left join statuses
    on drives.status_id = statuses.status_id
    and {{ f1mesh.valid_at_end_of('drives.race_date', 'statuses') }}
)

select
  race_result_sk,
  result_id,
  season,
  race_date,
  race_sk,
  circuit_sk,
  driver_sk,
  constructor_sk,
  status_sk,
  car_number,
  grid_position,
  finish_position,
  position_text,
  position_order,
  outcome,
  is_started,
  is_shared_drive,
  points,
  laps,
  duration_ms,
  fastest_lap,
  fastest_lap_rank,
  fastest_lap_ms,
  fastest_lap_speed_kph,
  changed_at
from final
where {{ f1mesh.changed_since_last_build('changed_at', partition='season') }}
