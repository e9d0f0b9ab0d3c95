-- Who was taken off a list and when, as whoever the person is now. What only put a list right, or
-- gave a person another id, took nobody off.
with

ledger as (

    select * from {{ source('sync', 'ledger') }}

    where
        as_of_date <= {{ as_of_date() }}
        and action = 'remove'
        and status = 'done'
        and coalesce(reason, '') not in ('merged', 'changed_there')

),

aliases as (

    select * from {{ ref('int_customer_aliases') }}

),

left_lists as (

    select
        coalesce(aliases.current_customer_id, ledger.customer_id) as customer_id,
        ledger.audience,
        max(ledger.as_of_date) as left_on

    from ledger

    left outer join aliases
        on ledger.customer_id = aliases.customer_id

    group by
        coalesce(aliases.current_customer_id, ledger.customer_id),
        ledger.audience

)

select * from left_lists
