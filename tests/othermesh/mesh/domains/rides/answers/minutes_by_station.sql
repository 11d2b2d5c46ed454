-- title: How long do people ride from each station?
select
  station_name,
  count(*) as rides,
  sum(minutes) as minutes
from rides.fct_ride
group by station_name
order by station_name
