{{ config(
    materialized='table', liquid_clustered_by='customer_id', tblproperties={'delta.appendOnly': 'false'}
) }}

select
  order_id,
  customer_id,
  order_date,
  status,
  amount,
  order_month
from {{ ref('stg_orders') }}
