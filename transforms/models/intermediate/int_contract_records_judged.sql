-- What became of each version of an order of the inbox contract, and of the refunds in them.
-- Summed up once, so nothing is written: these are as many rows as all orders have.
{{ config(materialized="view") }}

with

-- Orders are read twice: to keep all of them in between costs more.
settled as not materialized (

    select * from {{ ref('int_orders_settled') }}

    where {{ is_contract_source('source') }}

),

orders as not materialized (

    select * from {{ ref('int_orders_unioned') }}

    where {{ is_contract_source('source') }}

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where {{ is_contract_source('source') }}

),

keys as (

    select person_key from {{ ref('int_customer_keys') }}

),

other_versions as (

    select
        source,
        source || ':' || order_id as order_key

    from {{ ref('stg_contract__orders') }}

    where version_number > 1

),

judged_settled as (

    select
        source,
        'orders' as entity,
        case
            when total is null then 'no exchange rate for its day'
            when total <= 0 then 'free of charge'
            else 'sold'
        end as reason,
        customer_id is not null as is_identified,
        total as amount

    from settled

),

judged_others as (

    select
        orders.source,
        'orders' as entity,
        case
            when orders.ordered_date > {{ as_of_date() }} then 'after the as-of date'
            when orders.is_test then 'test order'
            when orders.total is null then 'no exchange rate for its day'
            else 'status that does not count'
        end as reason,
        orders.person_key,
        orders.total as amount

    from orders

    where ({{ counts_by_itself('orders') }}) is not true

),

judged_versions as (

    select
        other_versions.source,
        'orders' as entity,
        'another version stands for it' as reason,
        orders.person_key,
        cast(null as decimal(18, 4)) as amount

    from other_versions

    inner join orders
        on other_versions.order_key = orders.order_key

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

    select * from judged_others
    union all
    select * from judged_versions
    union all
    select * from judged_refunds

),

identified as (

    select * from judged_settled
    union all
    select
        unioned.source,
        unioned.entity,
        unioned.reason,
        keys.person_key is not null as is_identified,
        unioned.amount

    from unioned

    left outer join keys
        on unioned.person_key = keys.person_key

),

judged as (

    select
        source,
        entity,
        reason,
        is_identified,
        entity = 'refunds' as is_cancellation,
        coalesce(amount > 0, false) as is_positive,
        amount

    from identified

)

select * from judged
