select
  id as order_id,
  customer_id,
  order_date,
  status,
  cast(amount as decimal(10, 2)) as amount,
  date_format(order_date, 'yyyy-MM') as order_month
from {{ ref('raw_orders') }}
