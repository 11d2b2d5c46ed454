with source_rows as (
  select * from {{ source('ergast', 'circuits') }}
),

final as (
  select
    cast(circuitId as int) as circuit_id,
    trim(circuitRef) as circuit_ref,
    trim(name) as circuit_name,
    trim(location) as location,
    trim(country) as country,
    cast(lat as double) as latitude_deg,
    cast(lng as double) as longitude_deg,
    cast(alt as int) as altitude_m,
    url,
    updated_at as changed_at
  from source_rows
)

select
  circuit_id,
  circuit_ref,
  circuit_name,
  location,
  country,
  latitude_deg,
  longitude_deg,
  altitude_m,
  url,
  changed_at
from final
