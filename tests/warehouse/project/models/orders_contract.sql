{{ config(materialized='table', contract={'enforced': true}, databricks_tags={'team': 'core'}) }}

select
  cast(order_id as bigint) as order_id,
  cast(status as string) as status,
  amount
from {{ ref('stg_orders') }}
