with races as (
  select * from {{ ref('stg_ergast__races') }}
),

circuits as (
  select * from {{ ref('stg_ergast__circuits') }}
),

raced as (
  select distinct race_id from {{ ref('stg_ergast__results') }}
),

sprinted as (
  select distinct race_id from {{ ref('stg_ergast__sprint_results') }}
),

seasons as (
  select * from {{ ref('int_season_completed') }}
),

final as (
  select
    {{ f1mesh.surrogate_key(['races.race_id']) }} as race_sk,
    races.race_id,
    races.season,
    races.round,
    races.race_name,
    {{ f1mesh.surrogate_key(['circuits.circuit_ref']) }} as circuit_sk,
    races.race_date,
    races.race_started_at,
    races.qualifying_date,
    races.sprint_date,
    races.sprint_date is not null or sprinted.race_id is not null as has_sprint,
    raced.race_id is not null as has_results,
    races.round = seasons.last_round as is_last_round,
    seasons.is_complete as is_season_complete,
    races.url
  from races
  inner join circuits
    on races.circuit_id = circuits.circuit_id
  inner join seasons
    on races.season = seasons.season
  left join raced
    on races.race_id = raced.race_id
  left join sprinted
    on races.race_id = sprinted.race_id
)

select
  race_sk,
  race_id,
  season,
  round,
  race_name,
  circuit_sk,
  race_date,
  race_started_at,
  qualifying_date,
  sprint_date,
  has_sprint,
  has_results,
  is_last_round,
  is_season_complete,
  url
from final
