{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='qualifying_result_sk',
    matched_condition=f1mesh.any_differs(['changed_at', 'driver_sk', 'constructor_sk'], partition='season'),
    liquid_clustered_by='season',
    post_hook=f1mesh.delete_vanished_hook('stg_ergast__qualifying', 'qualify_id')
  )
}}

with qualifying as (
  select * from {{ ref('stg_ergast__qualifying') }}
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

final as (
  select
    {{ f1mesh.surrogate_key(['qualifying.qualify_id']) }} as qualifying_result_sk,
    qualifying.qualify_id,
    races.season,
    races.race_date,
    {{ f1mesh.surrogate_key(['qualifying.race_id']) }} as race_sk,
    drivers.driver_sk,
    constructors.constructor_sk,
    qualifying.car_number,
    qualifying.qualifying_position,
    {{ lap_time_ms('qualifying.q1_time') }} as q1_ms,
    {{ lap_time_ms('qualifying.q2_time') }} as q2_ms,
    {{ lap_time_ms('qualifying.q3_time') }} as q3_ms,
    greatest(qualifying.changed_at, races.changed_at) as changed_at
  from qualifying
  inner join races
    on qualifying.race_id = races.race_id
  left join driver_keys
    on qualifying.driver_id = driver_keys.driver_id
  left join drivers
    on driver_keys.driver_ref = drivers.driver_ref
    and {{ f1mesh.valid_at_end_of('races.race_date', 'drivers') }}
  left join constructor_keys
    on qualifying.constructor_id = constructor_keys.constructor_id
  left join constructors
    on constructor_keys.constructor_ref = constructors.constructor_ref
    and {{ f1mesh.valid_at_end_of('races.race_date', 'constructors') }}
)

select
  qualifying_result_sk,
  qualify_id,
  season,
  race_date,
  race_sk,
  driver_sk,
  constructor_sk,
  car_number,
  qualifying_position,
  q1_ms,
  q2_ms,
  q3_ms,
  changed_at
from final
where {{ f1mesh.changed_since_last_build('changed_at', partition='season') }}
