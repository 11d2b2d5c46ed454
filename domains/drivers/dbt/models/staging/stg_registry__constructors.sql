with source_rows as (
  select * from {{ source('registry', 'constructors') }}
),

-- Paging by offset can deliver a constructor twice while the registry changes: the newest counts.
newest as (
  select
    *,
    row_number() over (
      partition by trim(constructorId) order by _airbyte_extracted_at desc, _airbyte_raw_id asc
    ) as recency
  from source_rows
),

final as (
  select
    trim(constructorId) as constructor_ref,
    trim(name) as constructor_name,
    nullif(trim(nationality), '') as nationality,
    nullif(trim(url), '') as url,
    _airbyte_extracted_at as seen_at
  from newest
  where recency = 1
)

select
  constructor_ref,
  constructor_name,
  nationality,
  url,
  seen_at
from final
