-- Each buyer's spans follow one another from the first purchase to a last one that goes on.
{{ config(meta={"dagster": {"ref": {"name": "customer_lifecycle"}}}) }}

with

spans as (

    select
        customer_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by customer_id
            order by valid_from
        ) as next_from,
        min(valid_from) over (partition by customer_id) as first_from

    from {{ ref('customer_lifecycle') }}

),

buyers as (

    select
        customer_id,
        first_purchase_date

    from {{ ref('customer_activity') }}

    where purchase_count > 0

),

broken as (

    select coalesce(spans.customer_id, buyers.customer_id) as customer_id

    from spans

    full outer join buyers
        on spans.customer_id = buyers.customer_id

    where
        spans.valid_to is distinct from spans.next_from
        or buyers.first_purchase_date is distinct from spans.first_from

)

select * from broken
