{{ config(severity='error', warn_if='>0', error_if='>10') }}

-- The official points of a season are the race and sprint points that count: all of them since
-- 1991, the best results before (seed counted_results). Seasons with a calendar of another length
-- than the rule's are left out; thirds and sevenths of a point are rounded in the source. A few
-- differences only warn: a source may correct its results before its standings.
with seasons as (
  select * from {{ ref('int_season_completed') }}
),

drivers as (
  select * from {{ ref('int_driver_season_ranked') }}
),

rules as (
  select
    season,
    max(season_rounds) as season_rounds
  from {{ ref('counted_results') }}
  group by season
),

-- Known gaps: F1DB's release of August 2024 lacks the points of the places 7 to 10 of the 2022
-- United States Grand Prix, which the standings have.
known_gaps as (
  select * from values
    (2022, 'fernando-alonso'),
    (2022, 'sebastian-vettel'),
    (2022, 'kevin-magnussen'),
    (2022, 'yuki-tsunoda')
      as gap (season, driver_ref)
)

select
  drivers.season,
  drivers.driver_ref,
  drivers.official_points,
  drivers.raced_points,
  drivers.counted_points
from drivers
inner join seasons
  on drivers.season = seasons.season
left join rules
  on drivers.season = rules.season
left anti join known_gaps
  on drivers.season = known_gaps.season
  and drivers.driver_ref = known_gaps.driver_ref
where abs(drivers.official_points - drivers.counted_points) > 0.03
  and coalesce(rules.season_rounds, seasons.race_count) = seasons.race_count
