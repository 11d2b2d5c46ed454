with versions as (
  select * from {{ ref('snap_driver') }}
),

countries as (
  select * from {{ ref('nationalities') }}
),

intervals as (
  select
    *,
    {{ f1mesh.scd2_interval('driver_ref') }}
  from versions
),

final as (
  select
    {{ f1mesh.surrogate_key(['intervals.driver_ref', 'intervals.valid_from']) }} as driver_sk,
    intervals.driver_ref,
    intervals.driver_code,
    intervals.permanent_number,
    intervals.given_name,
    intervals.family_name,
    concat(intervals.given_name, ' ', intervals.family_name) as full_name,
    intervals.date_of_birth,
    intervals.nationality,
    coalesce(countries.country, 'Unknown') as country,
    intervals.url,
    intervals.valid_from,
    intervals.valid_to,
    intervals.is_current,
    intervals.dbt_is_deleted as is_deleted
  from intervals
  left join countries
    on intervals.nationality = countries.nationality
)

select
  driver_sk,
  driver_ref,
  driver_code,
  permanent_number,
  given_name,
  family_name,
  full_name,
  date_of_birth,
  nationality,
  country,
  url,
  valid_from,
  valid_to,
  is_current,
  is_deleted
from final
