{{ config(materialized="table") }}

with

source as (

    select
        sheet,
        invoice as invoice_id,
        stockcode as stock_code,
        description as product_name,
        cast(quantity as integer) as quantity,
        invoicedate as invoiced_at_local,
        cast(price as decimal(18, 4)) as unit_price,
        cast("Customer ID" as varchar) as account_id

    from {{ source('raw_online_retail', 'lines') }}

    where {{ is_chosen('online_retail') }}

),

stock_codes as (

    select * from {{ ref('online_retail_stock_codes') }}

),

-- Only an invoice that stands in both sheets can be there twice.
invoices_in_both as (

    select invoice_id

    from source

    group by invoice_id

    having min(sheet) <> max(sheet)

),

-- Two equal lines of one sheet may be real: two of the same on one invoice.
counted_within_sheet as (

    select
        source.*,
        row_number() over (
            partition by
                source.sheet, source.invoice_id, source.stock_code, source.product_name,
                source.quantity, source.invoiced_at_local, source.unit_price, source.account_id
        ) as occurrence

    from source

    inner join invoices_in_both
        on source.invoice_id = invoices_in_both.invoice_id

),

-- The same line in both sheets is one line, standing in the first of them.
counted_over_sheets as (

    select
        * exclude (occurrence),
        row_number() over (
            partition by
                invoice_id, stock_code, product_name, quantity, invoiced_at_local,
                unit_price, account_id, occurrence
            order by sheet
        ) > 1 as is_in_earlier_sheet

    from counted_within_sheet

    union all

    select
        source.*,
        false as is_in_earlier_sheet

    from source

    anti join invoices_in_both
        on source.invoice_id = invoices_in_both.invoice_id

),

-- Zones are worked out once for each of the few times there are.
times as (

    select
        invoiced_at_local,
        {{ to_utc('invoiced_at_local', 'Europe/London') }} as invoiced_at,
        {{ shop_date(to_utc('invoiced_at_local', 'Europe/London')) }} as invoiced_date

    from source

    group by invoiced_at_local

),

classified as (

    select
        counted_over_sheets.invoice_id,
        counted_over_sheets.stock_code as product_id,
        counted_over_sheets.product_name,
        counted_over_sheets.quantity,
        counted_over_sheets.unit_price,
        counted_over_sheets.account_id,
        coalesce(stock_codes.line_kind, 'goods') as line_kind,
        starts_with(counted_over_sheets.invoice_id, 'C') as is_cancellation,
        counted_over_sheets.is_in_earlier_sheet,
        cast(counted_over_sheets.quantity * counted_over_sheets.unit_price as decimal(18, 4))
            as amount,
        times.invoiced_at,
        times.invoiced_date

    from counted_over_sheets

    left outer join times
        on counted_over_sheets.invoiced_at_local = times.invoiced_at_local

    left outer join stock_codes
        on upper(counted_over_sheets.stock_code) = stock_codes.stock_code

),

-- Every line falls under exactly one reason; marts.record_accounting adds them up.
accounted as (

    select
        *,
        case
            when is_in_earlier_sheet then 'stands in an earlier sheet too'
            when line_kind not in ('goods', 'discount') then 'not goods: ' || line_kind
            when not is_cancellation and quantity < 0 then 'stock movement'
            when unit_price <= 0 then 'free of charge'
            when line_kind = 'discount' then 'discount'
            when is_cancellation and quantity < 0 then 'cancelled or returned'
            when is_cancellation then 'not goods: positive line of a cancellation'
            else 'sold'
        end as reason

    from classified

)

select * from accounted
