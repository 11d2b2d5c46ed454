{{ config(
    materialized='incremental', unique_key='order_id', merge_with_schema_evolution=true,
    not_matched_by_source_action='delete'
) }}

select order_id, amount {% if is_incremental() %}, status as late {% endif %}
from {{ ref('stg_orders') }}
