with

versions as (

    {{ numbered_versions('orders', ['order_id'], 'records.updated_at') }}

),

orders as (

    select
        _source as source,
        order_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        ordered_at,
        {{ shop_date('ordered_at') }} as ordered_date,
        coalesce(status, 'paid') as status,
        total,
        coalesce(discount, 0) as discount,
        coalesce(refunded, 0) as refunded,
        coalesce(refunded_at, updated_at, ordered_at) as refunded_at,
        coalesce(cancelled_at, updated_at, ordered_at) as cancelled_at,
        cancelled_at is not null as has_cancellation_time,
        coalesce(upper(currency), '{{ var("currency") }}') as currency,
        nullif(trim(coupon_code), '') as coupon_code,
        coalesce(is_test, false) as is_test,
        updated_at,
        _file_id as file_id,
        version_number

    from versions

)

select * from orders
