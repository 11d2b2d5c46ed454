-- Careers lose and invent nothing: their points and laps are those of all results, and every driver
-- and constructor with a result has one.
with results as (
  select * from {{ ref('obt_race_result') }}
),

sprints as (
  select * from {{ ref('fct_sprint_result') }}
),

drivers as (
  select * from {{ ref('driver_career') }}
),

constructors as (
  select * from {{ ref('constructor_career') }}
),

measured as (
  select
    (select sum(points) from results) + (select coalesce(sum(points), 0) from sprints)
      as result_points,
    (select sum(points) from drivers) as career_points,
    (select sum(laps) from results) as result_laps,
    (select sum(laps) from drivers) as driver_laps,
    (select sum(laps) from constructors) as constructor_laps,
    (select count(distinct driver_ref) from results) as result_drivers,
    (select count(*) from drivers) as career_drivers,
    (select count(distinct constructor_ref) from results) as result_constructors,
    (select count(*) from constructors) as career_constructors
)

select *
from measured
where result_points <> career_points
  or result_laps <> driver_laps
  or result_laps <> constructor_laps
  or result_drivers <> career_drivers
  or result_constructors <> career_constructors
