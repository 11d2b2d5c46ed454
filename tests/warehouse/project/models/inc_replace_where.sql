{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates="order_month >= '2024-02'"
) }}

select
  order_id,
  customer_id,
  status,
  amount,
  order_month
from {{ ref('stg_orders') }}
{% if is_incremental() %} where order_month >= '2024-02' {% endif %}
