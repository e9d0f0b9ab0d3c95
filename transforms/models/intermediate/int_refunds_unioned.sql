{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        pre_hook="{{ make_room_for_changed_orders() }}",
    )
}}

-- depends_on: {{ ref('stg_contract__orders_changed') }}
{% set told = ref('stg_contract__orders') -%}
{% if is_extending() %}{% set told = ref('stg_contract__orders_changed') %}{% endif -%}
with

online_retail as (

    select
        source,
        refund_id,
        source || ':' || order_id as order_key,
        account_key as person_key,
        refunded_date,
        amount,
        product_id,
        is_return

    from {{ ref('stg_online_retail__refunds') }}

    {% if is_extending() -%}
    where false
    {%- endif %}

),

versions as (

    select
        source,
        source || ':' || order_id as order_key,
        version_number,
        status,
        refunded,
        {{ shop_date('refunded_at') }} as refunded_date,
        case
            when status = 'cancelled' or has_cancellation_time
                then {{ shop_date('cancelled_at') }}
        end as cancelled_date

    from {{ told }}

    -- Few orders come back: of the others not even the days are worked out.
    where
        refunded > 0
        or status in ('refunded', 'cancelled')
        or has_cancellation_time

),

orders as (

    select
        order_key,
        person_key,
        exchange_rate,
        total

    from {{ ref('int_orders_unioned') }}

),

-- How much had gone back by the day that a version names. That may include postage; of the goods no
-- more can come back than was paid.
valued as (

    select
        versions.source,
        versions.order_key,
        versions.version_number,
        versions.refunded_date,
        versions.cancelled_date,
        orders.person_key,
        orders.total,
        case
            when versions.refunded > 0
                then least(
                    cast(
                        round(cast(versions.refunded as decimal(38, 4)) * orders.exchange_rate, 4)
                        as decimal(18, 4)
                    ),
                    orders.total
                )
            when versions.status = 'refunded' then orders.total
        end as given_back

    from versions

    inner join orders
        on versions.order_key = orders.order_key

),

standing as (

    select * from valued

    where version_number = 1

),

-- What went back several times is told by several versions, each of its own day. Of those that no
-- longer stand only the days count that the standing one has added to since; and nothing goes back
-- after the day on which the order was cancelled.
by_day as (

    select
        standing.source,
        standing.order_key,
        standing.person_key,
        valued.refunded_date,
        max(valued.given_back) as given_back

    from valued

    inner join standing
        on valued.order_key = standing.order_key

    where
        valued.given_back is not null
        and (
            valued.version_number = 1
            or (
                valued.refunded_date < standing.refunded_date
                and valued.given_back < standing.given_back
            )
        )
        and coalesce(valued.refunded_date <= standing.cancelled_date, true)

    group by
        standing.source,
        standing.order_key,
        standing.person_key,
        valued.refunded_date

),

added as (

    select
        source,
        order_key,
        person_key,
        refunded_date,
        given_back - coalesce(
            max(given_back) over (
                partition by order_key
                order by refunded_date
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as amount

    from by_day

),

refunded as (

    select
        source,
        order_key || ':refund' as refund_id,
        order_key,
        person_key,
        refunded_date,
        amount,
        cast(null as varchar) as product_id,
        true as is_return

    from added

    where amount > 0

),

refunded_in_all as (

    select
        order_key,
        sum(amount) as amount

    from refunded

    group by order_key

),

cancelled as (

    select
        standing.source,
        standing.order_key || ':cancellation' as refund_id,
        standing.order_key,
        standing.person_key,
        standing.cancelled_date as refunded_date,
        standing.total - coalesce(refunded_in_all.amount, 0) as amount,
        cast(null as varchar) as product_id,
        false as is_return

    from standing

    left outer join refunded_in_all
        on standing.order_key = refunded_in_all.order_key

    where standing.cancelled_date is not null

),

unioned as (

    select * from online_retail
    union all by name
    select * from refunded
    union all by name
    select * from cancelled

)

select * from unioned
