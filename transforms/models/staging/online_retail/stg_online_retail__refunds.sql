{{ config(materialized="table") }}

with

lines as (

    select * from {{ ref('stg_online_retail__lines') }}

    where not is_in_earlier_sheet

),

cancelled as (

    select
        row_number() over (
            order by invoice_id, product_id, unit_price, quantity, invoiced_at
        ) as refund_number,
        *

    from lines

    where
        is_cancellation
        and reason in ('cancelled or returned', 'discount')

),

-- Only of what was given back.
sold as (

    select
        lines.account_id,
        lines.product_id,
        lines.unit_price,
        lines.invoice_id,
        min(lines.invoiced_at) as invoiced_at,
        sum(lines.quantity) as quantity

    from lines

    semi join cancelled
        on
            lines.account_id = cancelled.account_id
            and lines.product_id = cancelled.product_id
            and lines.unit_price = cancelled.unit_price

    where lines.reason = 'sold'

    group by lines.account_id, lines.product_id, lines.unit_price, lines.invoice_id

),

-- A cancellation does not name its order. It is taken for the customer's latest earlier order of
-- the same product at the same price, rather one that was for as many pieces or more.
candidates as (

    select
        cancelled.refund_number,
        sold.invoice_id as order_id,
        row_number() over (
            partition by cancelled.refund_number
            order by
                cast(sold.quantity >= -cancelled.quantity as integer) desc,
                sold.invoiced_at desc,
                sold.invoice_id desc
        ) as preference

    from cancelled

    inner join sold
        on
            cancelled.account_id = sold.account_id
            and cancelled.product_id = sold.product_id
            and cancelled.unit_price = sold.unit_price
            and cancelled.invoiced_at >= sold.invoiced_at

),

refunds as (

    select
        'online_retail' as source,
        cancelled.invoice_id as refund_id,
        candidates.order_id,
        {{ account_key('online_retail', 'cancelled.account_id') }} as account_key,
        cast(null as varchar) as email,
        cancelled.invoiced_at as refunded_at,
        cancelled.invoiced_date as refunded_date,
        -cancelled.amount as amount,
        cancelled.product_id,
        'GBP' as currency,
        cancelled.line_kind = 'goods' as is_return

    from cancelled

    left outer join candidates
        on
            cancelled.refund_number = candidates.refund_number
            and candidates.preference = 1

)

select * from refunds
