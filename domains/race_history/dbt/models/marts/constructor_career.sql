with results as (
  select * from {{ ref('obt_race_result') }}
),

constructor_seasons as (
  select * from {{ ref('constructor_points_by_season') }}
),

constructors as (
  select * from {{ source('drivers', 'dim_constructor') }}
),

race_podiums as (
  select
    constructor_ref,
    race_sk,
    count(distinct case when is_podium then finish_position end) as places,
    count(distinct case when finish_position <= 2 then finish_position end) = 2 as is_one_two
  from results
  group by constructor_ref, race_sk
),

podiums as (
  select
    constructor_ref,
    sum(places) as podiums,
    count_if(is_one_two) as one_two_finishes
  from race_podiums
  group by constructor_ref
),

-- Races are counted and not rows: two drivers of one team share a win of 1951, 1956 and 1957. Only
-- fastest laps are counted by driver, as F1DB does: two drivers of a team can share the time.
raced as (
  select
    constructor_ref,
    min(season) as first_season,
    max(season) as last_season,
    count(distinct race_sk) as entries,
    count(distinct case when is_started then race_sk end) as starts,
    count(distinct case when is_win then race_sk end) as wins,
    count(distinct case when is_podium then race_sk end) as podium_races,
    count(distinct case when is_pole then race_sk end) as poles,
    count_if(is_fastest_lap) as fastest_laps,
    sum(laps) as laps
  from results
  group by constructor_ref
),

ranked as (
  select
    constructor_ref,
    sum(points) as championship_points,
    count_if(is_season_complete and standing_position = 1) as titles
  from constructor_seasons
  group by constructor_ref
),

final as (
  select
    raced.constructor_ref,
    constructors.constructor_name as constructor,
    constructors.country as constructor_country,
    raced.first_season,
    raced.last_season,
    cast(raced.entries as int) as entries,
    cast(raced.starts as int) as starts,
    cast(raced.wins as int) as wins,
    cast(podiums.podiums as int) as podiums,
    cast(raced.podium_races as int) as podium_races,
    cast(podiums.one_two_finishes as int) as one_two_finishes,
    cast(raced.poles as int) as poles,
    cast(raced.fastest_laps as int) as fastest_laps,
    cast(coalesce(raced.laps, 0) as int) as laps,
    cast(coalesce(ranked.championship_points, 0) as decimal(10, 2)) as championship_points,
    cast(coalesce(ranked.titles, 0) as int) as titles,
    cast(
      case when raced.starts > 0 then raced.wins / raced.starts end as decimal(5, 4)
    ) as win_rate
  from raced
  inner join constructors
    on raced.constructor_ref = constructors.constructor_ref
    and constructors.is_current
  inner join podiums
    on raced.constructor_ref = podiums.constructor_ref
  left join ranked
    on raced.constructor_ref = ranked.constructor_ref
)

select
  constructor_ref,
  constructor,
  constructor_country,
  first_season,
  last_season,
  entries,
  starts,
  wins,
  podiums,
  podium_races,
  one_two_finishes,
  poles,
  fastest_laps,
  laps,
  championship_points,
  titles,
  win_rate
from final
