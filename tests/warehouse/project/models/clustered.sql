{{ config(
    materialized='table', liquid_clustered_by='customer_id', tblproperties={'delta.appendOnly': 'false'}
) }}

select * from {{ ref('stg_orders') }}
