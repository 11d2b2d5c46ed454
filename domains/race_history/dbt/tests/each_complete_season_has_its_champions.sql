-- A complete season has one champion, and a champion constructor if it ranks constructors; a
-- running season has none.
with seasons as (
  select * from {{ ref('int_season_completed') }}
),

champions as (
  select * from {{ ref('season_champions') }}
),

ranked_constructors as (
  select distinct season from {{ ref('constructor_points_by_season') }}
)

select
  seasons.season,
  seasons.is_complete,
  count(champions.season) as champions,
  count(champions.constructor_ref) as champion_constructors
from seasons
left join champions
  on seasons.season = champions.season
left join ranked_constructors
  on seasons.season = ranked_constructors.season
group by seasons.season, seasons.is_complete, ranked_constructors.season
having count(champions.season) <> case when seasons.is_complete then 1 else 0 end
  or count(champions.constructor_ref) <> case
    when seasons.is_complete and ranked_constructors.season is not null then 1 else 0
  end
