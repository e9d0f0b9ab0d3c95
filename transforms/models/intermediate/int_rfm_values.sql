{% set previous_day = as_of_date() ~ " - " ~ var('rfm_previous_days') %}
{% set days = {"counts_now": as_of_date(), "counts_before": previous_day} -%}
-- Recency, frequency and money on the as-of date and on the day that previous segments are of, both
-- from one pass.
with

purchases as (

    select
        {% for name, day in days.items() -%}
        purchase_date <= {{ day }}
        {%- if var('rfm_window_days') %}
        and purchase_date > {{ day }} - {{ var('rfm_window_days') }}
        {%- endif %}
            as {{ name }},
        {% endfor -%}
        customer_id,
        purchase_date

    from {{ ref('int_purchases') }}

),

money as (

    select
        {% for name, day in days.items() -%}
        happened_on <= {{ day }}
        {%- if var('rfm_window_days') %}
        and happened_on > {{ day }} - {{ var('rfm_window_days') }}
        {%- endif %}
            as {{ name }},
        {% endfor -%}
        customer_id,
        amount

    from {{ ref('int_revenue_by_customer') }}

),

counted as (

    select
        customer_id,
        max(purchase_date) filter (where counts_now) as last_purchase_date,
        count(*) filter (where counts_now) as frequency,
        max(purchase_date) filter (where counts_before) as last_purchase_date_before,
        count(*) filter (where counts_before) as frequency_before

    from purchases

    group by customer_id

),

summed as (

    select
        customer_id,
        sum(amount) filter (where counts_now) as monetary,
        sum(amount) filter (where counts_before) as monetary_before

    from money

    group by customer_id

),

joined as (

    select
        counted.*,
        -- Rounded as it is shown, so that values that look equal get equal scores.
        cast(coalesce(summed.monetary, 0) as decimal(18, 2)) as monetary,
        cast(coalesce(summed.monetary_before, 0) as decimal(18, 2)) as monetary_before

    from counted

    left outer join summed
        on counted.customer_id = summed.customer_id

),

measured as (

    select
        {{ as_of_date() }} as scored_on,
        customer_id,
        date_diff('day', last_purchase_date, {{ as_of_date() }}) as recency_days,
        frequency,
        monetary

    from joined

    where frequency > 0

    union all

    select
        {{ previous_day }} as scored_on,
        customer_id,
        date_diff('day', last_purchase_date_before, {{ previous_day }})
            as recency_days,
        frequency_before as frequency,
        monetary_before as monetary

    from joined

    where frequency_before > 0

)

select * from measured
