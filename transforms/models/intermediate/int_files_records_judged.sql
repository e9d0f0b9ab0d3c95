-- What became of each version of an order that files brought, and of the refunds in them.
with

versions as (

    select
        source,
        source || ':' || order_id as order_key,
        version_number

    from {{ ref('stg_files__orders') }}

),

orders as (

    select * from {{ ref('int_orders_unioned') }}

),

settled as (

    select order_key from {{ ref('int_orders_settled') }}

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where source = 'files'

),

keys as (

    select person_key from {{ ref('int_customer_keys') }}

),

judged_orders as (

    select
        versions.source,
        'orders' as entity,
        case
            when versions.version_number > 1 then 'another version stands for it'
            when orders.ordered_date > {{ as_of_date() }} then 'after the as-of date'
            when orders.is_test then 'test order'
            when orders.total is null then 'no exchange rate for its day'
            when settled.order_key is null then 'status that does not count'
            when orders.total <= 0 then 'free of charge'
            else 'sold'
        end as reason,
        orders.person_key,
        case when versions.version_number = 1 then orders.total end as amount

    from versions

    inner join orders
        on versions.order_key = orders.order_key

    left outer join settled
        on versions.order_key = settled.order_key

),

judged_refunds as (

    select
        refunds.source,
        'refunds' as entity,
        case
            when refunds.refunded_date > {{ as_of_date() }} then 'after the as-of date'
            when settled.order_key is null then 'of an order that does not count'
            else 'cancelled or returned'
        end as reason,
        refunds.person_key,
        -refunds.amount as amount

    from refunds

    left outer join settled
        on refunds.order_key = settled.order_key

),

unioned as (

    select * from judged_orders
    union all
    select * from judged_refunds

),

judged as (

    select
        unioned.source,
        unioned.entity,
        unioned.reason,
        keys.person_key is not null as is_identified,
        unioned.entity = 'refunds' as is_cancellation,
        coalesce(unioned.amount > 0, false) as is_positive,
        unioned.amount

    from unioned

    left outer join keys
        on unioned.person_key = keys.person_key

)

select * from judged
