-- More than twenty accounts and addresses in one person are rather an address that many share (the
-- till's, a marketplace's): add it to the seed shared_addresses, and they come apart.
{{ config(severity="warn") }}

select
    customer_id,
    count(*) as key_count

from {{ ref('int_customer_keys') }}

group by customer_id

having count(*) > 20
