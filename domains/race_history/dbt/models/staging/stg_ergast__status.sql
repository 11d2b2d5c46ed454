with source_rows as (
  select * from {{ source('ergast', 'status') }}
),

final as (
  select
    cast(statusId as int) as status_id,
    trim(status) as status,
    updated_at as changed_at
  from source_rows
)

select
  status_id,
  status,
  changed_at
from final
