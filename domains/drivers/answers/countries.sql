-- title: Which countries produce the most drivers?
select
  country,
  driver_count as drivers
from drivers.countries_driver_count
order by driver_count desc, country asc
