-- What became of each version of an order of the inbox contract, and of the refunds in them.
with

other_versions as (

    select
        source,
        source || ':' || order_id as order_key

    from {{ ref('stg_contract__orders') }}

    where version_number > 1

),

orders as (

    select * from {{ ref('int_orders_unioned') }}

    where {{ is_contract_source('source') }}

),

settled as (

    select order_key from {{ ref('int_orders_settled') }}

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where {{ is_contract_source('source') }}

),

keys as (

    select person_key from {{ ref('int_customer_keys') }}

),

judged_orders as (

    select
        orders.source,
        'orders' as entity,
        case
            when orders.ordered_date > {{ as_of_date() }} then 'after the as-of date'
            when orders.is_test then 'test order'
            when orders.total is null then 'no exchange rate for its day'
            when settled.order_key is null then 'status that does not count'
            when orders.total <= 0 then 'free of charge'
            else 'sold'
        end as reason,
        orders.person_key,
        orders.total as amount

    from orders

    left outer join settled
        on orders.order_key = settled.order_key

),

judged_versions as (

    select
        other_versions.source,
        'orders' as entity,
        'another version stands for it' as reason,
        ordered.person_key,
        cast(null as decimal(18, 4)) as amount

    from other_versions

    inner join {{ ref('int_orders_unioned') }} as ordered
        on other_versions.order_key = ordered.order_key

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
    select * from judged_versions
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
