-- Whose orders stand otherwise than in the last build, also those who have lost one.
select distinct customer_id

from {{ ref('int_orders_kept') }}

where
    written_after_file_id = {{ last_built_file() }}
    and customer_id is not null
