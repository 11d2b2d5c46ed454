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

final as (
  select races.race_id as subject, 'has_sprint' as attribute
  from races
  inner join (select distinct race_sk from sprints) as run
    on races.race_sk = run.race_sk
  where not races.has_sprint
  union all
  select races.race_id, 'has_results'
  from races
  left join (select distinct race_sk from results) as run
    on races.race_sk = run.race_sk
  where races.has_results <> (run.race_sk is not null)
  union all
  select results.result_id, 'season, race_date, outcome, place or points'
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
