{{ config(
    materialized='incremental', incremental_strategy='microbatch', event_time='order_date',
    begin='2024-01-01', batch_size='year', lookback=2
) }}

select
  order_id,
  order_date,
  amount
from {{ ref('stg_orders') }}
