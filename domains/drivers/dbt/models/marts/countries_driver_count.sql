with drivers as (
  select * from {{ ref('dim_driver') }}
),

final as (
  select
    country,
    cast(count(*) as int) as driver_count
  from drivers
  where is_current
    and not is_deleted
  group by country
)

select
  country,
  driver_count
from final
