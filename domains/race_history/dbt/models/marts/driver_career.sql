with results as (
  select * from {{ ref('obt_race_result') }}
),

sprints as (
  select * from {{ ref('fct_sprint_result') }}
),

driver_seasons as (
  select * from {{ ref('int_driver_season_ranked') }}
),

drivers as (
  select * from {{ source('drivers', 'dim_driver') }}
),

-- A driver can have several rows in one race (several cars), so races are counted and not rows.
raced as (
  select
    driver_ref,
    min(season) as first_season,
    max(season) as last_season,
    count(distinct race_sk) as entries,
    count(distinct case when is_started then race_sk end) as starts,
    count(distinct case when is_win then race_sk end) as wins,
    count(distinct case when is_podium then race_sk end) as podiums,
    count(distinct case when is_pole then race_sk end) as poles,
    count(distinct case when is_fastest_lap then race_sk end) as fastest_laps,
    sum(laps) as laps,
    sum(points) as points
  from results
  group by driver_ref
),

sprinted as (
  select
    drivers.driver_ref,
    sum(sprints.points) as points
  from sprints
  inner join drivers
    on sprints.driver_sk = drivers.driver_sk
  group by drivers.driver_ref
),

ranked as (
  select
    driver_ref,
    sum(official_points) as championship_points,
    count_if(is_complete and standing_position = 1) as titles
  from driver_seasons
  group by driver_ref
),

final as (
  select
    raced.driver_ref,
    drivers.full_name as driver,
    drivers.country as driver_country,
    raced.first_season,
    raced.last_season,
    cast(raced.entries as int) as entries,
    cast(raced.starts as int) as starts,
    cast(raced.wins as int) as wins,
    cast(raced.podiums as int) as podiums,
    cast(raced.poles as int) as poles,
    cast(raced.fastest_laps as int) as fastest_laps,
    cast(coalesce(raced.laps, 0) as int) as laps,
    cast(raced.points + coalesce(sprinted.points, 0) as decimal(10, 2)) as points,
    cast(coalesce(ranked.championship_points, 0) as decimal(10, 2)) as championship_points,
    cast(coalesce(ranked.titles, 0) as int) as titles,
    cast(
      case when raced.starts > 0 then raced.wins / raced.starts end as decimal(5, 4)
    ) as win_rate
  from raced
  inner join drivers
    on raced.driver_ref = drivers.driver_ref
    and drivers.is_current
  left join sprinted
    on raced.driver_ref = sprinted.driver_ref
  left join ranked
    on raced.driver_ref = ranked.driver_ref
)

select
  driver_ref,
  driver,
  driver_country,
  first_season,
  last_season,
  entries,
  starts,
  wins,
  podiums,
  poles,
  fastest_laps,
  laps,
  points,
  championship_points,
  titles,
  win_rate
from final
