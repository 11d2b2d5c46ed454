with circuits as (
  select * from {{ ref('stg_ergast__circuits') }}
),

final as (
  select
    {{ f1mesh.surrogate_key(['circuit_ref']) }} as circuit_sk,
    circuit_ref,
    circuit_name,
    location,
    country,
    latitude_deg,
    longitude_deg,
    altitude_m,
    url
  from circuits
)

select
  circuit_sk,
  circuit_ref,
  circuit_name,
  location,
  country,
  latitude_deg,
  longitude_deg,
  altitude_m,
  url
from final
