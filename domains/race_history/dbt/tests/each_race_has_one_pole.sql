-- A race with results has one driver on pole. A warning only: a source may give a slot twice or
-- none.
{{ config(severity='warn') }}

with results as (
  select * from {{ ref('obt_race_result') }}
)

select
  season,
  round,
  race_name,
  count(distinct case when is_pole then driver_ref end) as poles
from results
group by season, round, race_name
having count(distinct case when is_pole then driver_ref end) <> 1
