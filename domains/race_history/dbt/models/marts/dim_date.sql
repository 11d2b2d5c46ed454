with races as (
  select * from {{ ref('stg_ergast__races') }}
),

span as (
  select
    cast(date_trunc('year', min(race_date)) as date) as first_day,
    date_sub(cast(date_trunc('year', add_months(max(race_date), 12)) as date), 1) as last_day
  from races
),

days as (
  select explode(sequence(first_day, last_day, interval 1 day)) as date_day
  from span
),

race_days as (
  select distinct race_date from races
),

final as (
  select
    days.date_day,
    year(days.date_day) as year,
    quarter(days.date_day) as quarter,
    month(days.date_day) as month,
    date_format(days.date_day, 'MMMM') as month_name,
    day(days.date_day) as day_of_month,
    (dayofweek(days.date_day) + 5) % 7 + 1 as day_of_week,
    date_format(days.date_day, 'EEEE') as day_name,
    weekofyear(days.date_day) as iso_week,
    dayofweek(days.date_day) in (1, 7) as is_weekend,
    race_days.race_date is not null as is_race_day
  from days
  left join race_days
    on days.date_day = race_days.race_date
)

select
  date_day,
  year,
  quarter,
  month,
  month_name,
  day_of_month,
  day_of_week,
  day_name,
  iso_week,
  is_weekend,
  is_race_day
from final
