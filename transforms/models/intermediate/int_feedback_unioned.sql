-- What people sent back, complained about and answered. A record that names an order alone is the
-- buyer's.
with

returned as (

    select
        'return' as feedback_kind,
        return_id as feedback_id,
        * exclude (return_id)

    from {{ ref('stg_contract__returns') }}

),

complaints as (

    select
        'complaint' as feedback_kind,
        complaint_id as feedback_id,
        * exclude (complaint_id)

    from {{ ref('stg_contract__complaints') }}

),

answers as (

    select
        'answer' as feedback_kind,
        answer_id as feedback_id,
        * exclude (answer_id)

    from {{ ref('stg_contract__answers') }}

),

unioned as (

    select * from returned
    union all by name
    select * from complaints
    union all by name
    select * from answers

),

orders as (

    select
        order_key,
        person_key

    from {{ ref('int_orders_unioned') }}

),

keyed as (

    select
        unioned.source,
        unioned.feedback_kind,
        unioned.source
        || ':' || unioned.feedback_kind
        || ':' || unioned.feedback_id as feedback_key,
        unioned.account_key,
        unioned.email,
        coalesce(
            unioned.account_key, 'email:' || unioned.email, orders.person_key
        ) as person_key,
        unioned.source || ':' || unioned.order_id as order_key,
        unioned.occurred_at,
        {{ shop_date('unioned.occurred_at') }} as occurred_date,
        {{ shop_date('unioned.resolved_at') }} as resolved_date,
        unioned.amount,
        unioned.reason,
        unioned.score

    from unioned

    left outer join orders
        on unioned.source || ':' || unioned.order_id = orders.order_key

)

select * from keyed
