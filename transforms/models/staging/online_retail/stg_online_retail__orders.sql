with

lines as (

    select * from {{ ref('stg_online_retail__lines') }}

    where
        not is_in_earlier_sheet
        and not is_cancellation

),

orders as (

    select
        'online_retail' as source,
        invoice_id as order_id,
        max({{ account_key('online_retail', 'account_id') }}) as account_key,
        cast(null as varchar) as email,
        -- 83 invoices bear two times; they were placed at the first.
        min(invoiced_at) as ordered_at,
        min(invoiced_date) as ordered_date,
        'paid' as status,
        cast(
            sum(case when reason in ('sold', 'discount') then amount else 0 end) as decimal(18, 4)
        ) as total,
        'GBP' as currency,
        cast(null as varchar) as coupon_code,
        false as is_test

    from lines

    group by invoice_id

    having count(*) filter (where reason in ('sold', 'discount', 'free of charge')) > 0

)

select * from orders
