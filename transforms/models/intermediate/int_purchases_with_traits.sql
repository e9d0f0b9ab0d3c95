-- What was known of customers at each purchase, and whether they bought again within 365 days, once
-- these are over.
with

purchases as not materialized (

    select * from {{ ref('int_purchases_with_rhythm') }}

    where
        purchase_number <= {{ var('journey_purchases') }}
        and purchase_date + 365 <= {{ as_of_date() }}

),

buyers as not materialized (

    select * from {{ ref('int_purchases_summed_by_customer') }}

    where not is_before_records

),

customers as (

    select * from {{ ref('int_customers_described') }}

),

orders as not materialized (

    select * from {{ ref('int_orders_settled') }}

    where customer_id is not null

),

refunds as (

    select * from {{ ref('int_refunds_unioned') }}

    where
        is_return
        and refunded_date <= {{ as_of_date() }}

),

feedback as (

    select
        keys.customer_id,
        feedback.feedback_kind,
        feedback.order_key,
        feedback.occurred_date,
        feedback.reason

    from {{ ref('int_feedback_unioned') }} as feedback

    inner join {{ ref('int_customer_keys') }} as keys
        on feedback.person_key = keys.person_key

    where feedback.occurred_date <= {{ as_of_date() }}

),

spent_first as (

    select
        bought.customer_id,
        bought.product_id,
        bought.amount

    from {{ ref('int_products_bought') }} as bought

    inner join buyers
        on
            bought.customer_id = buyers.customer_id
            and bought.purchase_date = buyers.first_purchase_date

),

first_products as (

    select
        customer_id,
        arg_min(product_id, {'amount': -amount, 'product': product_id}) as product_id

    from spent_first

    group by customer_id

),

first_coupons as (

    select
        customer_id,
        min(ordered_date) as used_on

    from orders

    where coupon_code is not null

    group by customer_id

),

came_back as (

    select
        orders.customer_id,
        orders.ordered_date,
        refunds.refunded_date as returned_date

    from orders

    inner join refunds
        on orders.order_key = refunds.order_key

    union all

    select
        feedback.customer_id,
        orders.ordered_date,
        feedback.occurred_date as returned_date

    from feedback

    left outer join orders
        on feedback.order_key = orders.order_key

    where feedback.feedback_kind = 'return'

),

-- From when on a purchase is one by which something had come back. Only what was bought up to the
-- purchase can come back against it, whoever goes on to buy; where a return names no order, its own
-- day is all that is known.
returned as (

    select
        customer_id,
        min(
            greatest(ordered_date, returned_date - {{ var('journey_return_days') }})
        ) as returned_from

    from came_back

    group by customer_id

),

-- Told up to the purchase or soon after it, by the same measure.
complained as (

    select
        customer_id,
        min(occurred_date) - {{ var('journey_return_days') }} as complained_from

    from feedback

    where feedback_kind = 'complaint'

    group by customer_id

),

described as (

    select
        buyers.customer_id,
        first_products.product_id as first_product_id,
        customers.country,
        first_coupons.used_on,
        returned.returned_from,
        complained.complained_from

    from buyers

    left outer join customers
        on buyers.customer_id = customers.customer_id

    left outer join first_products
        on buyers.customer_id = first_products.customer_id

    left outer join first_coupons
        on buyers.customer_id = first_coupons.customer_id

    left outer join returned
        on buyers.customer_id = returned.customer_id

    left outer join complained
        on buyers.customer_id = complained.customer_id

),

told as (

    select
        purchases.customer_id,
        purchases.purchase_number,
        list_sort(list(distinct lower(trim(feedback.reason)))) as reasons

    from purchases

    inner join feedback
        on
            purchases.customer_id = feedback.customer_id
            and feedback.occurred_date
            <= purchases.purchase_date + {{ var('journey_return_days') }}

    where feedback.reason is not null

    group by
        purchases.customer_id,
        purchases.purchase_number

),

with_traits as (

    select
        purchases.customer_id,
        purchases.purchase_number,
        coalesce(purchases.next_purchase_date > purchases.purchase_date + 365, true) as is_faded,
        described.first_product_id,
        purchases.main_category,
        described.country,
        coalesce(described.used_on <= purchases.purchase_date, false) as has_used_coupon,
        coalesce(described.returned_from <= purchases.purchase_date, false) as has_returned,
        coalesce(described.complained_from <= purchases.purchase_date, false) as has_complained,
        told.reasons

    from purchases

    inner join described
        on purchases.customer_id = described.customer_id

    left outer join told
        on
            purchases.customer_id = told.customer_id
            and purchases.purchase_number = told.purchase_number

)

select * from with_traits
