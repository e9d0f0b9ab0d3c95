-- What was known of customers at each purchase, and whether they bought again within 365 days.
with

purchases as (

    select * from {{ ref('int_purchases_with_rhythm') }}

    where purchase_number <= {{ var('journey_purchases') }}

),

buyers as (

    select * from {{ ref('int_purchases_summed_by_customer') }}

    where not is_before_records

),

customers as (

    select * from {{ ref('int_customers_described') }}

),

orders as (

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

-- Only what was bought up to the purchase can come back against it, whoever goes on to buy.
returned as (

    select distinct
        purchases.customer_id,
        purchases.purchase_number

    from purchases

    inner join orders
        on
            purchases.customer_id = orders.customer_id
            and purchases.purchase_date >= orders.ordered_date

    inner join refunds
        on
            orders.order_key = refunds.order_key
            and refunds.refunded_date <= purchases.purchase_date + {{ var('journey_return_days') }}

),

-- Told up to the purchase or soon after it, by the same measure.
told as (

    select
        purchases.customer_id,
        purchases.purchase_number,
        bool_or(feedback.feedback_kind = 'complaint') as has_complained,
        list_sort(
            list(distinct lower(trim(feedback.reason))) filter (where feedback.reason is not null)
        ) as reasons

    from purchases

    inner join feedback
        on
            purchases.customer_id = feedback.customer_id
            and feedback.occurred_date
            <= purchases.purchase_date + {{ var('journey_return_days') }}

    group by
        purchases.customer_id,
        purchases.purchase_number

),

with_traits as (

    select
        purchases.customer_id,
        purchases.purchase_number,
        case
            when purchases.purchase_date + 365 <= {{ as_of_date() }}
                then coalesce(
                    purchases.next_purchase_date > purchases.purchase_date + 365, true
                )
        end as is_faded,
        first_products.product_id as first_product_id,
        purchases.main_category,
        customers.country,
        coalesce(first_coupons.used_on <= purchases.purchase_date, false) as has_used_coupon,
        returned.customer_id is not null as has_returned,
        coalesce(told.has_complained, false) as has_complained,
        told.reasons

    from purchases

    inner join buyers
        on purchases.customer_id = buyers.customer_id

    left outer join customers
        on purchases.customer_id = customers.customer_id

    left outer join first_products
        on purchases.customer_id = first_products.customer_id

    left outer join first_coupons
        on purchases.customer_id = first_coupons.customer_id

    left outer join returned
        on
            purchases.customer_id = returned.customer_id
            and purchases.purchase_number = returned.purchase_number

    left outer join told
        on
            purchases.customer_id = told.customer_id
            and purchases.purchase_number = told.purchase_number

)

select * from with_traits
