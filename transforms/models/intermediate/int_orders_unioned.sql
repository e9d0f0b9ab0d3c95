{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="order_key",
        pre_hook="{{ make_room() }}",
    )
}}

-- depends_on: {{ ref('stg_contract__orders_changed') }}
{% set told = ref('stg_contract__orders') -%}
{% if is_extending() %}{% set told = ref('stg_contract__orders_changed') %}{% endif -%}
with

online_retail as (

    select
        source,
        order_id,
        account_key,
        email,
        ordered_at,
        ordered_date,
        status,
        total,
        currency,
        coupon_code,
        coupon_code is not null as is_discounted,
        is_test

    from {{ ref('stg_online_retail__orders') }}

    {% if is_extending() -%}
    where false
    {%- endif %}

),

files as (

    select * from {{ told }}

    where version_number = 1

),

line_totals as (

    select
        order_lines.source,
        order_lines.order_id,
        sum(order_lines.amount) as line_total,
        sum(order_lines.discount) as line_discount

    from {{ ref('stg_contract__order_lines') }} as order_lines

    {% if is_extending() -%}
    semi join files
        on order_lines.order_id = files.order_id

    {% endif -%}
    group by
        order_lines.source,
        order_lines.order_id

),

-- Discounts of lines are usually part of the order's discount, so the larger of the two counts.
files_with_totals as (

    select
        files.source,
        files.order_id,
        files.account_key,
        files.email,
        files.ordered_at,
        files.ordered_date,
        files.status,
        cast(
            coalesce(
                files.total,
                greatest(
                    line_totals.line_total
                    - greatest(files.discount - line_totals.line_discount, 0),
                    0
                ),
                0
            ) as decimal(18, 4)
        ) as total,
        files.currency,
        files.coupon_code,
        files.coupon_code is not null
        or files.discount > 0
        or coalesce(line_totals.line_discount > 0, false) as is_discounted,
        files.is_test

    from files

    left outer join line_totals
        on
            files.source = line_totals.source
            and files.order_id = line_totals.order_id

),

unioned as (

    select * from online_retail
    union all by name
    select * from files_with_totals

),

rates as (

    select
        currency,
        valid_from,
        rate,
        lead(valid_from) over (
            partition by currency
            order by valid_from
        ) as valid_until,
        max(valid_from) over () as last_change_date

    from {{ ref('exchange_rates') }}

    where currency <> '{{ var("currency") }}'

),

-- One row per day up to the last change of any rate, for which all later days are looked up: to
-- find for each order the rate before it, all orders would have to be sorted.
rates_by_day as (

    select
        currency,
        rate,
        valid_from + cast(
            unnest(range(coalesce(valid_until, last_change_date + 1) - valid_from)) as integer
        ) as rate_date

    from rates

),

last_change as (

    select max(rate_date) as last_change_date from rates_by_day

),

converted as (

    select
        unioned.source,
        unioned.source || ':' || unioned.order_id as order_key,
        unioned.order_id,
        unioned.account_key,
        unioned.email,
        coalesce(unioned.account_key, 'email:' || unioned.email) as person_key,
        unioned.ordered_at,
        unioned.ordered_date,
        unioned.status,
        unioned.coupon_code,
        unioned.is_discounted,
        unioned.is_test,
        case
            when unioned.currency = '{{ var("currency") }}' then cast(1 as decimal(18, 8))
            else rates_by_day.rate
        end as exchange_rate,
        case
            when unioned.currency = '{{ var("currency") }}' then unioned.total
            else
                cast(
                    round(cast(unioned.total as decimal(38, 4)) * rates_by_day.rate, 4)
                    as decimal(18, 4)
                )
        end as total

    from unioned

    cross join last_change

    left outer join rates_by_day
        on
            unioned.currency = rates_by_day.currency
            and least(unioned.ordered_date, last_change.last_change_date) = rates_by_day.rate_date

)

select * from converted
