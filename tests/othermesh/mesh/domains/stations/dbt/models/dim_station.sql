select
  cast(station_id as int) as station_id,
  name as station_name
from {{ source('rental', 'stations') }}
