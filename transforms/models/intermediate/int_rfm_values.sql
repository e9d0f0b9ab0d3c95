-- Recency, frequency and money on the as-of date and on the day that previous segments are of.
with

days as (

    select {{ as_of_date() }} as scored_on
    union all
    select {{ as_of_date() }} - {{ var('rfm_previous_days') }} as scored_on

),

purchases as (

    select
        customer_id,
        purchase_date

    from {{ ref('int_purchases') }}

),

money as (

    select * from {{ ref('int_revenue_by_customer') }}

),

counted as (

    select
        days.scored_on,
        purchases.customer_id,
        date_diff('day', max(purchases.purchase_date), days.scored_on) as recency_days,
        count(*) as frequency

    from days

    inner join purchases
        on
            purchases.purchase_date <= days.scored_on
            {%- if var('rfm_window_days') %}
            and purchases.purchase_date > days.scored_on - {{ var('rfm_window_days') }}
            {%- endif %}

    group by
        days.scored_on,
        purchases.customer_id

),

summed as (

    select
        days.scored_on,
        money.customer_id,
        sum(money.amount) as monetary

    from days

    inner join money
        on
            money.happened_on <= days.scored_on
            {%- if var('rfm_window_days') %}
            and money.happened_on > days.scored_on - {{ var('rfm_window_days') }}
            {%- endif %}

    group by
        days.scored_on,
        money.customer_id

),

joined as (

    select
        counted.scored_on,
        counted.customer_id,
        counted.recency_days,
        counted.frequency,
        -- Rounded as it is shown, so that values that look equal get equal scores.
        cast(coalesce(summed.monetary, 0) as decimal(18, 2)) as monetary

    from counted

    left outer join summed
        on
            counted.scored_on = summed.scored_on
            and counted.customer_id = summed.customer_id

)

select * from joined
