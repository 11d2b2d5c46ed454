-- title: Top five teams by season over the last 50 complete seasons
-- across: position = {constructor} {points}
with seasons as (
  select
    season,
    dense_rank() over (order by season desc) as recency
  from race_history.constructor_points_by_season
  where is_season_complete
  group by season
)

select
  standings.season,
  standings.constructor,
  standings.points,
  standings.standing_position as position
from race_history.constructor_points_by_season as standings
inner join seasons
  on standings.season = seasons.season
where seasons.recency <= 50
  and standings.standing_position <= 5
order by standings.season desc, standings.standing_position asc, standings.constructor asc
