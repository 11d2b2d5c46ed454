with source_rows as (
  select * from {{ source('ergast', 'drivers') }}
),

final as (
  select
    cast(driverId as int) as driver_id,
    trim(driverRef) as driver_ref,
    updated_at as changed_at
  from source_rows
)

select
  driver_id,
  driver_ref,
  changed_at
from final
