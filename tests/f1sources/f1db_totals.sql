-- The definitions behind F1DB's totals, over the Ergast-shaped tables.

-- The last race with standings of each season, and whether every race of the season has results.
create temp view season_end as
select
  r."year",
  max(case when s."raceId" is not null then r."round" end) as "round",
  min(case when done."raceId" is null then 0 else 1 end) = 1 as is_complete
from races as r
left join (select distinct "raceId" from results) as done on r."raceId" = done."raceId"
left join (select distinct "raceId" from driver_standings) as s on r."raceId" = s."raceId"
group by r."year";

create temp view final_driver_standings as
select r."year", e.is_complete, s.*
from driver_standings as s
inner join races as r on s."raceId" = r."raceId"
inner join season_end as e on r."year" = e."year" and r."round" = e."round";

create temp view final_constructor_standings as
select r."year", e.is_complete, s.*
from constructor_standings as s
inner join races as r on s."raceId" = r."raceId"
inner join season_end as e on r."year" = e."year" and r."round" = e."round";

-- Slot 1 of the grid; on the sprint weekends of 2022 the fastest of qualifying.
create temp view sprint_2022 as
select distinct r."raceId"
from races as r inner join sprint_results as s on r."raceId" = s."raceId"
where r."year" = 2022;

create temp view poles as
select "raceId", "driverId", "constructorId" from results
where grid = 1 and "raceId" not in (select s."raceId" from sprint_2022 as s)
union
select "raceId", "driverId", "constructorId" from qualifying
where "position" = 1 and "raceId" in (select s."raceId" from sprint_2022 as s);

create temp view driver_totals as
select
  d."driverRef" as ref,
  coalesce(r.entries, 0) as entries,
  coalesce(r.starts, 0) as starts,
  coalesce(r.wins, 0) as wins,
  coalesce(r.podiums, 0) as podiums,
  coalesce(r.fastest_laps, 0) as fastest_laps,
  coalesce(p.poles, 0) as poles,
  coalesce(r.points, 0) + coalesce(sprints.points, 0) as points,
  coalesce(final.points, 0) as championship_points,
  coalesce(final.titles, 0) as titles
from drivers as d
left join (
  select
    "driverId",
    count(distinct "raceId") as entries,
    count(distinct case when "positionText" not in ('F', 'W', 'E') then "raceId" end) as starts,
    count(distinct case when "position" = 1 then "raceId" end) as wins,
    count(distinct case when "position" <= 3 then "raceId" end) as podiums,
    count(distinct case when rank = 1 then "raceId" end) as fastest_laps,
    sum(points) as points
  from results
  group by "driverId"
) as r on d."driverId" = r."driverId"
left join (
  select "driverId", count(*) as poles from poles
  group by "driverId"
) as p
  on d."driverId" = p."driverId"
left join
  (
    select "driverId", sum(points) as points from sprint_results
    group by "driverId"
  ) as sprints
  on d."driverId" = sprints."driverId"
left join (
  select
    "driverId",
    sum(points) as points,
    sum(case when "position" = 1 and is_complete then 1 else 0 end) as titles
  from final_driver_standings
  group by "driverId"
) as final on d."driverId" = final."driverId";

create temp view constructor_totals as
select
  c."constructorRef" as ref,
  coalesce(r.entries, 0) as entries,
  coalesce(r.starts, 0) as starts,
  coalesce(r.wins, 0) as wins,
  coalesce(r.podiums, 0) as podiums,
  coalesce(r.podium_races, 0) as podium_races,
  coalesce(one_two.finishes, 0) as one_two_finishes,
  coalesce(r.fastest_laps, 0) as fastest_laps,
  coalesce(p.poles, 0) as poles,
  coalesce(final.points, 0) as championship_points,
  coalesce(final.titles, 0) as titles
from constructors as c
left join (
  select
    "constructorId",
    count(distinct "raceId") as entries,
    count(distinct case when "positionText" not in ('F', 'W', 'E') then "raceId" end) as starts,
    count(distinct case when "position" = 1 then "raceId" end) as wins,
    count(distinct case when "position" <= 3 then "raceId" * 10 + "position" end) as podiums,
    count(distinct case when "position" <= 3 then "raceId" end) as podium_races,
    count(case when rank = 1 then 1 end) as fastest_laps
  from results
  group by "constructorId"
) as r on c."constructorId" = r."constructorId"
left join (
  select "constructorId", count(*) as finishes
  from (
    select "raceId", "constructorId" from results
    where "position" in (1, 2)
    group by "raceId", "constructorId"
    having count(distinct "position") = 2
  ) as both_places
  group by "constructorId"
) as one_two on c."constructorId" = one_two."constructorId"
left join (
  select "constructorId", count(distinct "raceId") as poles from poles
  group by "constructorId"
) as p on c."constructorId" = p."constructorId"
left join (
  select
    "constructorId",
    sum(points) as points,
    sum(case when "position" = 1 and is_complete then 1 else 0 end) as titles
  from final_constructor_standings
  group by "constructorId"
) as final on c."constructorId" = final."constructorId";

create temp view champions as
select s."year"::text as ref, d."driverRef" as driver, c."constructorRef" as constructor
from final_driver_standings as s
inner join drivers as d on s."driverId" = d."driverId"
left join final_constructor_standings as t on s."year" = t."year" and t."position" = 1
left join constructors as c on t."constructorId" = c."constructorId"
where s."position" = 1 and s.is_complete;
