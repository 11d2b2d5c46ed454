{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='pit_stop_sk',
    matched_condition=f1mesh.any_differs(['changed_at', 'driver_sk']),
    liquid_clustered_by='season',
    post_hook=f1mesh.delete_vanished_hook(
      'stg_ergast__pit_stops', 'pit_stop_sk', f1mesh.surrogate_key(['race_id', 'driver_id', 'stop_number'])
    )
  )
}}

with pit_stops as (
  select * from {{ ref('stg_ergast__pit_stops') }}
),

races as (
  select * from {{ ref('stg_ergast__races') }}
),

driver_keys as (
  select * from {{ ref('stg_ergast__drivers') }}
),

drivers as (
  select * from {{ source('drivers', 'dim_driver') }}
),

final as (
  select
    {{ f1mesh.surrogate_key([
      'pit_stops.race_id', 'pit_stops.driver_id', 'pit_stops.stop_number'
    ]) }} as pit_stop_sk,
    races.season,
    races.race_date,
    {{ f1mesh.surrogate_key(['pit_stops.race_id']) }} as race_sk,
    drivers.driver_sk,
    pit_stops.stop_number,
    pit_stops.lap,
    pit_stops.duration_ms,
    greatest(pit_stops.changed_at, races.changed_at) as changed_at
  from pit_stops
  inner join races
    on pit_stops.race_id = races.race_id
  left join driver_keys
    on pit_stops.driver_id = driver_keys.driver_id
  left join drivers
    on driver_keys.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('races.race_date', 'drivers') }}
)

select
  pit_stop_sk,
  season,
  race_date,
  race_sk,
  driver_sk,
  stop_number,
  lap,
  duration_ms,
  changed_at
from final
where {{ f1mesh.changed_since_last_build('changed_at') }}
