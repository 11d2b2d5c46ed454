{{
  config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='ride_id',
    matched_condition=f1mesh.any_differs(['changed_at'], partition='ride_date')
  )
}}

with rides as (
  select
    ride_id,
    station_id,
    cast(started_at as date) as ride_date,
    minutes,
    updated_at as changed_at
  from {{ source('rental', 'rides') }}
)

select
  cast(rides.ride_id as int) as ride_id,
  rides.ride_date,
  station.station_name,
  cast(rides.minutes as int) as minutes,
  rides.changed_at
from rides
inner join
  {{ source('stations', 'dim_station') }} as station
  on rides.station_id = station.station_id
where {{ f1mesh.changed_since_last_build('changed_at', partition='ride_date') }}
