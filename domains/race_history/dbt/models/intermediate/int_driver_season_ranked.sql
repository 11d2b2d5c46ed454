-- The official standings of each season as they are after its newest ranked race, beside what the
-- season's rule on counted results makes of the race and sprint points.
with seasons as (
  select * from {{ ref('int_season_completed') }}
),

standings as (
  select * from {{ ref('stg_ergast__driver_standings') }}
),

driver_keys as (
  select * from {{ ref('stg_ergast__drivers') }}
),

races as (
  select * from {{ ref('stg_ergast__races') }}
),

results as (
  select * from {{ ref('stg_ergast__results') }}
),

sprint_results as (
  select * from {{ ref('stg_ergast__sprint_results') }}
),

counted_results as (
  select * from {{ ref('counted_results') }}
),

scores as (
  select
    race_id,
    driver_id,
    points
  from results
  union all
  select
    race_id,
    driver_id,
    points
  from sprint_results
),

weekends as (
  select
    races.season,
    races.round,
    scores.driver_id,
    sum(scores.points) as points
  from scores
  inner join races
    on scores.race_id = races.race_id
  group by races.season, races.round, scores.driver_id
),

ranked as (
  select
    weekends.season,
    weekends.driver_id,
    weekends.points,
    counted_results.results_counted,
    row_number() over (
      partition by weekends.season, weekends.driver_id, counted_results.first_round
      order by weekends.points desc, weekends.round asc
    ) as nth_best
  from weekends
  inner join seasons
    on weekends.season = seasons.season
  left join counted_results
    on weekends.season = counted_results.season
    and seasons.race_count = counted_results.season_rounds
    and weekends.round between counted_results.first_round and counted_results.last_round
),

scored as (
  select
    season,
    driver_id,
    sum(points) as raced_points,
    sum(
      case when results_counted is null or nth_best <= results_counted then points else 0 end
    ) as counted_points
  from ranked
  group by season, driver_id
),

final as (
  select
    seasons.season,
    seasons.is_complete,
    seasons.standings_date,
    driver_keys.driver_ref,
    standings.standing_position,
    standings.position_text,
    standings.wins,
    standings.points as official_points,
    cast(coalesce(scored.raced_points, 0) as decimal(10, 2)) as raced_points,
    cast(coalesce(scored.counted_points, 0) as decimal(10, 2)) as counted_points
  from seasons
  inner join standings
    on seasons.standings_race_id = standings.race_id
  inner join driver_keys
    on standings.driver_id = driver_keys.driver_id
  left join scored
    on seasons.season = scored.season
    and standings.driver_id = scored.driver_id
)

select
  season,
  is_complete,
  standings_date,
  driver_ref,
  standing_position,
  position_text,
  wins,
  official_points,
  raced_points,
  counted_points
from final
