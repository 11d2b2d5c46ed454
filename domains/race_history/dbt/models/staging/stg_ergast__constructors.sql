with source_rows as (
  select * from {{ source('ergast', 'constructors') }}
),

final as (
  select
    cast(constructorId as int) as constructor_id,
    trim(constructorRef) as constructor_ref,
    updated_at as changed_at
  from source_rows
)

select
  constructor_id,
  constructor_ref,
  changed_at
from final
