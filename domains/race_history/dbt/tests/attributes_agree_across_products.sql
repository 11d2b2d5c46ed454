-- What two products say of the same thing is the same: the flags of a race beside its results, and
-- what the one-big-table repeats of facts and dimensions.
with races as (
  select * from {{ ref('dim_race') }}
),

results as (
  select * from {{ ref('fct_race_result') }}
),

sprints as (
  select * from {{ ref('fct_sprint_result') }}
),

wide as (
  select * from {{ ref('obt_race_result') }}
),

races_run as (
  select distinct race_sk from results
),

sprints_run as (
  select distinct race_sk from sprints
),

final as (
  select
    races.race_id as subject,
    'has_sprint' as attribute
  from races
  inner join sprints_run
    on races.race_sk = sprints_run.race_sk
  where not races.has_sprint
  union all
  select
    races.race_id as subject,
    'has_results' as attribute
  from races
  left join races_run
    on races.race_sk = races_run.race_sk
  where races.has_results <> (races_run.race_sk is not null)
  union all
  select
    results.result_id as subject,
    'season, race_date, outcome, place or points' as attribute
  from results
  inner join wide
    on results.race_result_sk = wide.race_result_sk
  where not (
      results.season <=> wide.season
      and results.race_date <=> wide.race_date
      and results.outcome <=> wide.outcome
      and results.finish_position <=> wide.finish_position
      and results.points <=> wide.points
    )
)

select
  subject,
  attribute
from final
