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

),

files as (

    select
        source,
        source || ':' || order_id as order_key,
        status,
        refunded,
        {{ shop_date('refunded_at') }} as refunded_date,
        case
            when status = 'cancelled' or has_cancellation_time
                then {{ shop_date('cancelled_at') }}
        end as cancelled_date

    from {{ ref('stg_contract__orders') }}

    where
        version_number = 1
        -- Few orders come back: of the others not even the days are worked out.
        and (
            refunded > 0
            or status in ('refunded', 'cancelled')
            or has_cancellation_time
        )

),

orders as (

    select
        order_key,
        person_key,
        exchange_rate,
        total

    from {{ ref('int_orders_unioned') }}

),

-- What was given back may include postage; of the goods no more can come back than was paid, and
-- nothing after the day on which the order was cancelled.
files_refunded as (

    select
        files.source,
        files.order_key,
        files.order_key || ':refund' as refund_id,
        orders.person_key,
        files.refunded_date,
        case
            when files.refunded > 0
                then least(
                    cast(
                        round(cast(files.refunded as decimal(38, 4)) * orders.exchange_rate, 4)
                        as decimal(18, 4)
                    ),
                    orders.total
                )
            else orders.total
        end as amount,
        cast(null as varchar) as product_id,
        true as is_return

    from files

    inner join orders
        on files.order_key = orders.order_key

    where
        (files.refunded > 0 or files.status = 'refunded')
        and coalesce(files.refunded_date <= files.cancelled_date, true)

),

files_cancelled as (

    select
        files.source,
        files.order_key,
        files.order_key || ':cancellation' as refund_id,
        orders.person_key,
        files.cancelled_date as refunded_date,
        orders.total - coalesce(files_refunded.amount, 0) as amount,
        cast(null as varchar) as product_id,
        false as is_return

    from files

    inner join orders
        on files.order_key = orders.order_key

    left outer join files_refunded
        on files.order_key = files_refunded.order_key

    where files.cancelled_date is not null

),

unioned as (

    select * from online_retail
    union all by name
    select * from files_refunded
    union all by name
    select * from files_cancelled

)

select * from unioned
