-- incremental: updated_at
-- Medusa keeps no consent. This reads it from where the storefront can put it: email_consent and
-- email_consent_at in the metadata of the customer, or of the cart, which the order takes over.
-- Without a time a yes counts from the first moment and a no from the last, so that no old yes
-- outdoes a no that came from elsewhere since.
with

asked as (
    select
        id as customer_id,
        email,
        metadata,
        'account' as source,
        created_at,
        updated_at
    from customer
    union all
    select
        customer_id,
        email,
        metadata,
        'checkout' as source,
        created_at,
        updated_at
    from "order"
    where not is_draft_order
)

select
    customer_id,
    email,
    'email' as channel,
    metadata ->> 'email_consent' as state,
    coalesce(
        metadata ->> 'email_consent_at',
        to_char(
            case when metadata ->> 'email_consent' = 'subscribed' then created_at else updated_at end
            at time zone 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        )
    ) as at,
    source,
    updated_at
from asked
where metadata ->> 'email_consent' is not null
