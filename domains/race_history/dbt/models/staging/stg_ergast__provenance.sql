with source_rows as (
  select * from {{ source('ergast', 'provenance') }}
),

final as (
  select
    key as fact_name,
    value as fact_value
  from source_rows
)

select
  fact_name,
  fact_value
from final
