-- incremental: updated_at
-- Guests are customers too, without an account; whoever registers later has two rows.
select
    customer.id as customer_id,
    customer.email,
    customer.first_name,
    customer.last_name,
    customer.phone,
    homes.country_code as country,
    homes.city,
    customer.created_at as registered_at,
    customer.has_account,
    customer.deleted_at is not null as is_blocked,
    greatest(customer.updated_at, customer.deleted_at) as updated_at
from customer
left join lateral (
    select
        country_code,
        city
    from customer_address
    where customer_id = customer.id and deleted_at is null
    order by is_default_billing desc, is_default_shipping desc, created_at, id
    limit 1
) as homes on true
