with versions as (
  select * from {{ ref('snap_constructor') }}
),

countries as (
  select * from {{ ref('nationalities') }}
),

intervals as (
  select
    *,
    {{ f1mesh.scd2_interval('constructor_ref') }}
  from versions
),

final as (
  select
    {{ f1mesh.surrogate_key(['intervals.constructor_ref', 'intervals.valid_from']) }}
      as constructor_sk,
    intervals.constructor_ref,
    intervals.constructor_name,
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
  constructor_sk,
  constructor_ref,
  constructor_name,
  nationality,
  country,
  url,
  valid_from,
  valid_to,
  is_current,
  is_deleted
from final
