{{ config(materialized='incremental', incremental_strategy='merge', unique_key='order_id') }}

select
  order_id,
  customer_id,
  status,
  amount,
  order_month
from {{ ref('stg_orders') }}
{% if is_incremental() %} where order_month >= '2024-02' {% endif %}
