-- The one place that says whether a season is over. The calendar lists races to come, so a season
-- is complete when each of its races has results and the last one has official standings.
with races as (
  select * from {{ ref('stg_ergast__races') }}
),

results as (
  select distinct race_id from {{ ref('stg_ergast__results') }}
),

standings as (
  select distinct race_id from {{ ref('stg_ergast__driver_standings') }}
),

progress as (
  select
    races.season,
    races.round,
    races.race_id,
    races.race_date,
    results.race_id is not null as has_results,
    standings.race_id is not null as has_standings,
    row_number() over (
      partition by races.season
      order by standings.race_id is not null desc, races.round desc
    ) as recency
  from races
  left join results
    on races.race_id = results.race_id
  left join standings
    on races.race_id = standings.race_id
),

final as (
  select
    season,
    cast(count(*) as int) as race_count,
    cast(count_if(has_results) as int) as races_with_results,
    max(round) as last_round,
    max(case when recency = 1 and has_standings then race_id end) as standings_race_id,
    max(case when recency = 1 and has_standings then race_date end) as standings_date,
    coalesce(
      count_if(has_results) = count(*)
      and max(round) = max(case when has_standings then round end),
      false
    ) as is_complete
  from progress
  group by season
)

select
  season,
  race_count,
  races_with_results,
  last_round,
  standings_race_id,
  standings_date,
  is_complete
from final
