with source_rows as (
  select * from {{ source('registry', 'drivers') }}
),

-- Paging by offset can deliver a driver twice while the registry changes: the newest one counts.
newest as (
  select
    *,
    row_number() over (
      partition by trim(driverId) order by _airbyte_extracted_at desc, _airbyte_raw_id asc
    ) as recency
  from source_rows
),

final as (
  select
    trim(driverId) as driver_ref,
    cast(nullif(trim(permanentNumber), '') as int) as permanent_number,
    nullif(trim(code), '') as driver_code,
    trim(givenName) as given_name,
    trim(familyName) as family_name,
    cast(nullif(trim(dateOfBirth), '') as date) as date_of_birth,
    nullif(trim(nationality), '') as nationality,
    nullif(trim(url), '') as url,
    _airbyte_extracted_at as seen_at
  from newest
  where recency = 1
)

select
  driver_ref,
  permanent_number,
  driver_code,
  given_name,
  family_name,
  date_of_birth,
  nationality,
  url,
  seen_at
from final
