with

customers as (

    select customer_id from {{ ref('customers') }}

),

purchases as (

    select * from {{ ref('int_purchases_summed_by_customer') }}

),

orders as (

    select * from {{ ref('int_orders_summed_by_customer') }}

),

products as (

    select * from {{ ref('int_products_by_customer') }}

),

emails as (

    select * from {{ ref('int_email_events_by_customer') }}

),

visits as (

    select * from {{ ref('int_visits_by_customer') }}

),

carts as (

    select * from {{ ref('int_carts_by_customer') }}

),

interests as (

    select * from {{ ref('int_interests_by_customer') }}

),

answers as (

    select * from {{ ref('int_answers_by_customer') }}

),

unhappiness as (

    select * from {{ ref('int_unhappiness_by_customer') }}

),

loyalty as (

    select * from {{ ref('int_loyalty_by_customer') }}

),

reminders as (

    select * from {{ ref('int_reminders_by_customer') }}

),

due as (

    select * from {{ ref('int_favourite_products_due') }}

),

offers as (

    select * from {{ ref('int_offers_by_customer') }}

),

vips as (

    select * from {{ ref('int_vips_today') }}

),

joined as (

    select
        customers.customer_id,
        purchases.first_purchase_date,
        purchases.last_purchase_date,
        coalesce(purchases.is_before_records, false) as is_before_records,
        coalesce(purchases.purchase_count, 0) as purchase_count,
        coalesce(orders.order_count, 0) as order_count,
        cast(coalesce(orders.revenue, 0) as decimal(18, 2)) as revenue,
        cast(
            round(orders.revenue / nullif(orders.order_count, 0), 2) as decimal(18, 2)
        ) as average_order_value,
        date_diff('day', purchases.first_purchase_date, {{ as_of_date() }}) as tenure_days,
        date_diff('day', purchases.last_purchase_date, {{ as_of_date() }})
            as days_since_last_purchase,
        purchases.gap_mean_days,
        purchases.gap_median_days,
        purchases.gap_p90_days,
        purchases.is_one_off,
        purchases.counted_days_since_last_purchase,
        purchases.usual_gap_days,
        purchases.usual_gap_basis,
        purchases.cycle_days,
        purchases.own_gap_count,
        purchases.dormancy_limit_days,
        purchases.next_purchase_expected_date,
        products.favourite_product_id,
        due.due_on as favourite_product_due_on,
        due.due_basis as favourite_product_due_basis,
        purchases.main_category as favourite_category,
        products.last_product_id,
        offers.last_basket_product_ids,
        offers.complementary_product_id,
        coalesce(orders.coupon_order_count, 0) as coupon_order_count,
        coalesce(orders.discounted_order_count, 0) as discounted_order_count,
        coalesce(orders.return_count, 0) as return_count,
        {% for days in (30, 90, 365) -%}
        coalesce(emails.emails_sent_{{ days }}d, 0) as emails_sent_{{ days }}d,
        coalesce(emails.human_opens_{{ days }}d, 0) as human_opens_{{ days }}d,
        coalesce(emails.human_clicks_{{ days }}d, 0) as human_clicks_{{ days }}d,
        coalesce(emails.machine_opens_{{ days }}d, 0) as machine_opens_{{ days }}d,
        {% endfor -%}
        coalesce(emails.emails_unanswered_count, 0) as emails_unanswered_count,
        emails.first_mail_date,
        emails.last_human_engagement_at,
        emails.last_human_click_date,
        emails.last_possible_engagement_date,
        coalesce(emails.has_machine_opens, false) as has_machine_opens,
        -- Where nobody brings visits and carts it is not known that there were none.
        {% for days in (30, 90, 365) -%}
        case when {{ is_brought('visits') }} then coalesce(visits.visits_{{ days }}d, 0) end
            as visits_{{ days }}d,
        case when {{ is_brought('carts') }} then coalesce(carts.carts_{{ days }}d, 0) end
            as carts_{{ days }}d,
        case when {{ is_brought('carts') }} then coalesce(carts.abandoned_carts_{{ days }}d, 0) end
            as abandoned_carts_{{ days }}d,
        {% endfor -%}
        case when {{ is_brought('visits') }} then coalesce(visits.product_views_90d, 0) end
            as product_views_90d,
        case when {{ is_brought('visits') }} then coalesce(visits.favourite_count, 0) end
            as favourite_count,
        visits.last_visit_date,
        visits.last_seen_product_id,
        visits.last_marked_product_id,
        visits.last_marked_date,
        visits.most_viewed_category,
        interests.waiting_favourite_product_id,
        interests.waiting_favourite_marked_date,
        interests.browsed_category,
        case
            when {{ is_brought('visits') }}
                then coalesce(interests.browsed_category_view_count, 0)
        end as browsed_category_view_count,
        interests.browsed_category_last_date,
        carts.last_cart_date,
        carts.abandoned_cart_date,
        carts.last_carted_product_id,
        coalesce(loyalty.is_product_led, false) as is_product_led,
        coalesce(reminders.is_buying_when_reminded, false) as is_buying_when_reminded,
        unhappiness.customer_id is not null as is_unhappy,
        unhappiness.unhappy_reason,
        unhappiness.unhappy_since,
        answers.last_answer_date,
        answers.last_answer_score,
        answers.last_answer_reason_label,
        vips.customer_id is not null as is_vip

    from customers

    left outer join purchases
        on customers.customer_id = purchases.customer_id

    left outer join orders
        on customers.customer_id = orders.customer_id

    left outer join products
        on customers.customer_id = products.customer_id

    left outer join emails
        on customers.customer_id = emails.customer_id

    left outer join visits
        on customers.customer_id = visits.customer_id

    left outer join carts
        on customers.customer_id = carts.customer_id

    left outer join interests
        on customers.customer_id = interests.customer_id

    left outer join answers
        on customers.customer_id = answers.customer_id

    left outer join unhappiness
        on customers.customer_id = unhappiness.customer_id

    left outer join loyalty
        on customers.customer_id = loyalty.customer_id

    left outer join reminders
        on customers.customer_id = reminders.customer_id

    left outer join due
        on customers.customer_id = due.customer_id

    left outer join offers
        on customers.customer_id = offers.customer_id

    left outer join vips
        on customers.customer_id = vips.customer_id

),

activity as (

    select
        *,
        purchase_count * 365 / nullif(greatest(tenure_days, 365), 0) as orders_per_year,
        counted_days_since_last_purchase / usual_gap_days as overdue_ratio,
        {{ as_of_date() }} as as_of_date

    from joined

)

select * from activity
