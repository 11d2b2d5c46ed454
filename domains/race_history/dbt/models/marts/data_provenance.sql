-- A database that does not tell where its content comes from is not simulated: only the simulation
-- writes results that are made up, and it says so.
with facts as (
  select * from {{ ref('stg_ergast__provenance') }}
),

final as (
  select
    coalesce(max(case when fact_name = 'source' then fact_value end), 'unknown') as source,
    max(case when fact_name = 'version' then fact_value end) as version,
    coalesce(max(case when fact_name = 'simulated' then fact_value end), 'false') = 'true'
      as is_simulated,
    max(case when fact_name = 'licence' then fact_value end) as licence
  from facts
)

select
  source,
  version,
  is_simulated,
  licence
from final
