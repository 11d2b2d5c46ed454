-- A season that is told to be complete has all rounds from 1 on, and a winner of each race.
with races as (
  select * from {{ ref('dim_race') }}
),

results as (
  select * from {{ ref('fct_race_result') }}
),

winners as (
  select distinct race_sk from results
  where finish_position = 1
),

final as (
  select
    races.season,
    count(*) as races,
    max(races.round) as last_round,
    count(winners.race_sk) as won
  from races
  left join winners
    on races.race_sk = winners.race_sk
  where races.is_season_complete
  group by races.season
)

select
  season,
  races,
  last_round,
  won
from final
where races <> last_round or won <> races
