-- title: The best drivers in history
select
  driver,
  titles,
  wins,
  podiums,
  starts,
  win_rate
from race_history.driver_career
where starts > 0
order by titles desc, wins desc, podiums desc, starts asc, driver asc
limit 25
