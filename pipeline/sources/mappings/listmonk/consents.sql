-- stream: subscribers
with

subscribers as (

    select
        row_number,
        record ->> '$.uuid' as customer_id,
        record ->> '$.email' as email,
        record ->> '$.status' as status,
        record ->> '$.created_at' as created_at,
        record ->> '$.updated_at' as updated_at,
        -- Whom we put on a list of ours has said nothing by that; who leaves one has.
        list_filter(
            cast(record -> '$.lists' as json[]),
            lambda list: (list ->> '$.name') not like 'winback\_%' escape '\'
            or (list ->> '$.subscription_status') = 'unsubscribed'
        ) as lists

    from records

),

subscriptions as (

    select
        row_number,
        customer_id,
        email,
        unnest(lists) as list

    from subscribers

),

last_touched as (

    select
        row_number,
        max(
            greatest(
                cast(list ->> '$.subscription_created_at' as timestamptz),
                cast(list ->> '$.subscription_updated_at' as timestamptz)
            )
        ) as touched_at

    from subscriptions

    group by row_number

),

-- A subscription to a list is a word on it, and the last word counts for all mail: whoever leaves
-- the list that he was won back by has left, though he may stand on another one since long ago.
by_list as (

    select
        row_number,
        customer_id,
        email,
        case
            when (list ->> '$.subscription_status') = 'unsubscribed' then 'unsubscribed'
            when (list ->> '$.subscription_status') = 'confirmed' then 'subscribed'
            -- Lists without a confirmation are mailed without one.
            when (list ->> '$.optin') = 'double' then 'pending'
            else 'subscribed'
        end as state,
        case
            when (list ->> '$.subscription_status') = 'unconfirmed'
                then list ->> '$.subscription_created_at'
            else list ->> '$.subscription_updated_at'
        end as at

    from subscriptions

),

-- Blocked for good, be it by a bounce, which leaves no time behind: so it is as new as all else.
blocked as (

    select
        subscribers.row_number,
        subscribers.customer_id,
        subscribers.email,
        'unsubscribed' as state,
        -- As instants: summer and winter have other offsets.
        cast(
            greatest(cast(subscribers.updated_at as timestamptz), last_touched.touched_at)
            as varchar
        ) as at

    from subscribers

    left outer join last_touched
        on subscribers.row_number = last_touched.row_number

    where subscribers.status <> 'enabled'

),

on_no_list as (

    select
        row_number,
        customer_id,
        email,
        'never' as state,
        created_at as at

    from subscribers

    where status = 'enabled' and coalesce(len(lists), 0) = 0

),

unioned as (

    select * from by_list
    union all
    select * from blocked
    union all
    select * from on_no_list

)

select
    *,
    'email' as channel,
    'listmonk' as source

from unioned
