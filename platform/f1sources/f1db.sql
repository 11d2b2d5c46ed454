-- F1DB's release tables in Ergast's shape. Run by DuckDB over the typed CSV files (`f1db_<file>`)
-- and over the ids that the database already gave out (`known_<table>`: ref, id). Each target table
-- carries `__file` and `__line`: where its row came from.

-- ---------------------------------------------------------------------------------------- identity
-- A reference keeps the integer id that it has; new ones follow in order of first appearance.

create table appearances as
select
  driverId as driver, constructorId as constructor, raceId * 1000 + positionDisplayOrder as seen
from f1db_races_race_results
union all
select
  driverId as driver, constructorId as constructor, raceId * 1000 + positionDisplayOrder as seen
from f1db_races_qualifying_results
union all
select
  driverId as driver, constructorId as constructor, raceId * 1000 + positionDisplayOrder as seen
from f1db_races_sprint_race_results
union all
select driverId as driver, null as constructor, raceId * 1000 + positionDisplayOrder as seen
from f1db_races_driver_standings
union all
select null as driver, constructorId as constructor, raceId * 1000 + positionDisplayOrder as seen
from f1db_races_constructor_standings;

create macro new_id(known, largest, new_rank) as coalesce(known, coalesce(largest, 0) + new_rank);

create table driver_ids as
select
  seen.ref,
  new_id(
    known.id, (select max(known_drivers.id) from known_drivers),
    row_number() over (partition by known.id is null order by seen.first_seen, seen.ref)
  ) as id
from (
  select driver as ref, min(seen) as first_seen from appearances
  where driver is not null
  group by driver
) as seen
left join known_drivers as known on seen.ref = known.ref;

create table constructor_ids as
select
  seen.ref,
  new_id(
    known.id, (select max(known_constructors.id) from known_constructors),
    row_number() over (partition by known.id is null order by seen.first_seen, seen.ref)
  ) as id
from (
  select constructor as ref, min(seen) as first_seen from appearances
  where constructor is not null
  group by constructor
) as seen
left join known_constructors as known on seen.ref = known.ref;

create table circuit_ids as
select
  seen.ref,
  new_id(
    known.id, (select max(known_circuits.id) from known_circuits),
    row_number() over (partition by known.id is null order by seen.first_seen, seen.ref)
  ) as id
from (
  select circuitId as ref, min(id) as first_seen from f1db_races
  group by circuitId
) as seen
left join known_circuits as known on seen.ref = known.ref;

-- ------------------------------------------------------------------------------------ entries
-- positionText as Ergast writes it; status: the reason of retirement, else the distance behind.

create macro ergast_position_text(f1db) as case f1db
  when 'DNF' then 'R' when 'NC' then 'N' when 'DSQ' then 'D' when 'EX' then 'E'
  when 'DNQ' then 'F' when 'DNPQ' then 'F' when 'DNS' then 'W' when 'DNP' then 'W'
  else f1db
end;

create macro ergast_status(reason, f1db, laps_behind) as coalesce(reason, case f1db
  when 'DNF' then 'Retired' when 'NC' then 'Not classified' when 'DSQ' then 'Disqualified'
  when 'EX' then 'Excluded' when 'DNQ' then 'Did not qualify'
  when 'DNPQ' then 'Did not prequalify' when 'DNS' then 'Did not start'
  when 'DNP' then 'Did not practice'
  else case when laps_behind is null then 'Finished' when laps_behind = 1 then '+1 Lap'
      else '+' || laps_behind || ' Laps'
    end
end);

-- The winner's time, the gap of those in the same lap, nothing for lapped cars.
create macro ergast_time(race_time, gap, laps_behind) as
case when gap is null then race_time when laps_behind is null then gap end;

create table entries as
select
  'results' as target,
  r.*,
  ergast_position_text(r.positionText) as position_text,
  ergast_status(r.reasonRetired, r.positionText, r.gapLaps) as status,
  row_number() over (partition by r.raceId, r.driverId order by r.positionDisplayOrder) - 1 as nth
from f1db_races_race_results as r
union all by name
select
  'sprint_results' as target,
  r.*,
  ergast_position_text(r.positionText) as position_text,
  ergast_status(r.reasonRetired, r.positionText, r.gapLaps) as status,
  row_number() over (partition by r.raceId, r.driverId order by r.positionDisplayOrder) - 1 as nth
from f1db_races_sprint_race_results as r;

create table status_ids as
select
  seen.ref,
  new_id(
    known.id, (select max(known_status.id) from known_status),
    row_number() over (partition by known.id is null order by seen.first_seen, seen.ref)
  ) as id
from (select
  status
    as ref, min(
    if(target = 'results', 0, 1000000000) + raceId * 1000
    + positionDisplayOrder
  ) as first_seen
from entries
group by status) as seen
left join known_status as known on seen.ref = known.ref;

-- ---------------------------------------------------------------------------------- target tables

create table seasons as
select year, __file, __line from f1db_seasons;

create table status as
select id as statusId, ref as status, 'f1db-races-race-results.csv' as __file, 0 as __line
from status_ids;

create macro ergast_country(name) as case name
  when 'United Kingdom' then 'UK' when 'United States of America' then 'USA'
  when 'United Arab Emirates' then 'UAE' else name
end;

create table circuits as
select
  ids.id as circuitId, c.id as circuitRef, c.fullName as name, c.placeName as location,
  ergast_country(land.name) as country, c.latitude as lat, c.longitude as lng, c.__file, c.__line
from f1db_circuits as c
inner join circuit_ids as ids on c.id = ids.ref
left join f1db_countries as land on c.countryId = land.id;

create table constructors as
select
  ids.id as constructorId, c.id as constructorRef, c.name,
  replace(land.demonym, 'é', 'e') as nationality, c.__file, c.__line
from f1db_constructors as c
inner join constructor_ids as ids on c.id = ids.ref
left join f1db_countries as land on c.countryId = land.id;

create table drivers as
select
  ids.id as driverId, d.id as driverRef, d.permanentNumber as number, d.abbreviation as code,
  d.firstName as forename, d.lastName as surname, d.dateOfBirth as dob,
  replace(land.demonym, 'é', 'e') as nationality, d.__file, d.__line
from f1db_drivers as d
inner join driver_ids as ids on d.id = ids.ref
left join f1db_countries as land on d.nationalityCountryId = land.id;

-- One date is known to be wrong in F1DB: the 2021 Turkish Grand Prix was on 10 October.
create table races as
select
  r.id as raceId, r.year, r.round, coalesce(ids.id, -1) as circuitId,
  coalesce(gp.fullName, r.officialName) as name,
  if(
    r.year = 2021 and r.grandPrixId = 'turkey' and r.date = date '2021-10-03',
    date '2021-10-10', r.date
  ) as date,
  r.time, r.freePractice1Date as fp1_date, r.freePractice1Time as fp1_time,
  r.freePractice2Date as fp2_date, r.freePractice2Time as fp2_time,
  r.freePractice3Date as fp3_date, r.freePractice3Time as fp3_time,
  r.qualifyingDate as quali_date, r.qualifyingTime as quali_time,
  r.sprintRaceDate as sprint_date, r.sprintRaceTime as sprint_time, r.__file, r.__line
from f1db_races as r
left join circuit_ids as ids on r.circuitId = ids.ref
left join f1db_grands_prix as gp on r.grandPrixId = gp.id;

create table finishes as
select
  e.target,
  e.raceId * 100000 + d.id * 10 + e.nth as resultId, e.raceId, d.id as driverId,
  c.id as constructorId, e.driverNumber as number,
  case when e.gridPositionText = 'PL' then 0
    else coalesce(e.gridPositionNumber, slot.positionNumber, 0)
  end as grid,
  e.positionNumber as position, e.position_text as positionText,
  e.positionDisplayOrder as positionOrder, coalesce(e.points, 0) as points,
  if(e.laps is null and not e.sharedCar, 0, e.laps) as laps,
  ergast_time(e.time, e.gap, e.gapLaps) as time, e.timeMillis as milliseconds,
  lap.lap as fastestLap,
  coalesce(lap.positionNumber, if(e.fastestLap, 1, null)) as rank,
  lap.time as fastestLapTime,
  round(race.courseLength * 3600000 / lap.timeMillis, 3) as fastestLapSpeed,
  s.id as statusId, e.driverId as driver, e.constructorId as constructor, e.__file, e.__line
from entries as e
left join driver_ids as d on e.driverId = d.ref
left join constructor_ids as c on e.constructorId = c.ref
left join status_ids as s on e.status = s.ref
left join f1db_races as race on e.raceId = race.id
left join (select 'results' as target, * from f1db_races_starting_grid_positions) as slot
  on e.target = slot.target and e.raceId = slot.raceId and e.driverId = slot.driverId
  and e.driverNumber = slot.driverNumber
left join (select 'results' as target, * from f1db_races_fastest_laps) as lap
  on e.target = lap.target and e.raceId = lap.raceId and e.driverId = lap.driverId
  and e.driverNumber = lap.driverNumber;

create table results as select * from finishes
where target = 'results';

create table sprint_results as select * from finishes
where target = 'sprint_results';

create table qualifying as
select
  q.raceId * 100000 + d.id * 10
  + row_number() over (partition by q.raceId, q.driverId order by q.positionDisplayOrder)
  - 1 as qualifyId,
  q.raceId, d.id as driverId, c.id as constructorId, q.driverNumber as number,
  coalesce(q.positionNumber, q.positionDisplayOrder) as position,
  coalesce(q.q1, q.time) as q1, q.q2, q.q3, q.__file, q.__line
from f1db_races_qualifying_results as q
left join driver_ids as d on q.driverId = d.ref
left join constructor_ids as c on q.constructorId = c.ref;

create table pit_stops as
select
  p.raceId, d.id as driverId, p.stop, p.lap, p.time as duration,
  p.timeMillis as milliseconds, p.__file, p.__line
from f1db_races_pit_stops as p
left join driver_ids as d on p.driverId = d.ref;

-- ------------------------------------------------------------------------------------- standings

create table race_wins as
select distinct
  r.year, r.round, e.driverId, e.constructorId, e.engineManufacturerId
from entries as e
inner join f1db_races as r on e.raceId = r.id
where e.target = 'results' and e.positionNumber = 1;

create table driver_standings as
select
  s.raceId * 10000 + any_value(d.id) as driverStandingsId, s.raceId,
  any_value(d.id) as driverId, any_value(s.points) as points,
  any_value(s.positionNumber) as position,
  any_value(ergast_position_text(s.positionText)) as positionText,
  count(distinct w.round) as wins, any_value(s.__file) as __file, min(s.__line) as __line
from f1db_races_driver_standings as s
left join driver_ids as d on s.driverId = d.ref
left join race_wins as w
  on s.year = w.year and s.driverId = w.driverId and s.round >= w.round
group by s.raceId, s.driverId;

-- A season's final table may hold teams that the tables after each race left out (Tyrrell 1984,
-- disqualified): they join the last race's table.
create table last_tables as
select year, max_by(raceId, round) as raceId, max(round) as round
from f1db_races_constructor_standings
group by year;

create table constructor_tables as
select
  raceId, year, round, constructorId, engineManufacturerId, points, positionNumber,
  positionText, positionDisplayOrder, __file, __line
from f1db_races_constructor_standings
union all by name
select
  last.raceId, season.year, last.round, season.constructorId, season.engineManufacturerId,
  season.points, season.positionNumber, season.positionText, season.positionDisplayOrder,
  season.__file, season.__line
from f1db_seasons_constructor_standings as season
inner join last_tables as last on season.year = last.year
where not exists (
    select 1 from f1db_races_constructor_standings as s
    where s.raceId = last.raceId and s.constructorId = season.constructorId
      and s.engineManufacturerId is not distinct from season.engineManufacturerId
  );

create table constructor_standings as
select
  s.raceId * 100000 + any_value(c.id) * 100
  + row_number()
    over (
      partition by s.raceId, s.constructorId order by s.engineManufacturerId
    )
  - 1 as constructorStandingsId,
  s.raceId, any_value(c.id) as constructorId,
  s.engineManufacturerId as engineRef, any_value(s.points) as points,
  any_value(s.positionNumber) as position,
  any_value(ergast_position_text(s.positionText)) as positionText,
  count(distinct w.round) as wins, any_value(s.__file) as __file, min(s.__line) as __line
from constructor_tables as s
left join constructor_ids as c on s.constructorId = c.ref
left join race_wins as w
  on s.year = w.year and s.constructorId = w.constructorId
  and s.engineManufacturerId = w.engineManufacturerId and s.round >= w.round
group by s.raceId, s.constructorId, s.engineManufacturerId;
