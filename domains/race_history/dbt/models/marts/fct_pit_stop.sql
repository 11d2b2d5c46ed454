{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='pit_stop_sk',
    matched_condition=f1mesh.any_differs(['changed_at', 'driver_sk'], partition='season'),
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

-- A stopped race shows in the stops of its other cars, so a change of one stop concerns all of the
-- race.
stops as (
  select
    pit_stops.*,
    races.season,
    races.race_date,
    coalesce(pit_stops.duration_ms >= 300000, false) as is_long,
    count_if(pit_stops.duration_ms >= 300000) over (
      partition by pit_stops.race_id
      order by pit_stops.lap
      range between 1 preceding and 1 following
    ) as long_stops,
    max(greatest(pit_stops.changed_at, races.changed_at)) over (
      partition by pit_stops.race_id
    ) as race_changed_at
  from pit_stops
  inner join races
    on pit_stops.race_id = races.race_id
),

final as (
  select
    {{ f1mesh.surrogate_key(['stops.race_id', 'stops.driver_id', 'stops.stop_number']) }}
      as pit_stop_sk,
    stops.season,
    stops.race_date,
    {{ f1mesh.surrogate_key(['stops.race_id']) }} as race_sk,
    drivers.driver_sk,
    stops.stop_number,
    stops.lap,
    stops.duration_ms,
    stops.is_long and stops.long_stops >= 5 as is_race_stopped,
    stops.race_changed_at as changed_at
  from stops
  left join driver_keys
    on stops.driver_id = driver_keys.driver_id
  left join drivers
    on driver_keys.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('stops.race_date', 'drivers') }}
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
  is_race_stopped,
  changed_at
from final
where {{ f1mesh.changed_since_last_build('changed_at', partition='season') }}
