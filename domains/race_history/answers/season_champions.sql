-- title: Driver and team of the last ten complete seasons
select
  season,
  driver,
  driver_points,
  constructor,
  constructor_points
from race_history.season_champions
order by season desc
limit 10
