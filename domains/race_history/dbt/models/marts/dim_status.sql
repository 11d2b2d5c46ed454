with versions as (
  select * from {{ ref('snap_status') }}
),

intervals as (
  select
    *,
    {{ f1mesh.scd2_interval('status_id') }}
  from versions
),

final as (
  select
    {{ f1mesh.surrogate_key(['status_id', 'valid_from']) }} as status_sk,
    status_id,
    status,
    case
      when lower(status) = 'finished' then 'finished'
      when lower(status) = 'lapped' or status rlike '^[+][0-9]+ Laps?$' then 'lapped'
      when lower(status) in ('disqualified', 'excluded') then 'disqualified'
      when lower(status) in ('did not qualify', 'did not prequalify', '107% rule')
        then 'not_qualified'
      when lower(status) in ('did not start', 'did not practice', 'withdrew') then 'not_started'
      when lower(status) = 'not classified' then 'not_classified'
      else 'cause'
    end as status_category,
    valid_from,
    valid_to,
    is_current,
    dbt_is_deleted as is_deleted
  from intervals
)

select
  status_sk,
  status_id,
  status,
  status_category,
  valid_from,
  valid_to,
  is_current,
  is_deleted
from final
