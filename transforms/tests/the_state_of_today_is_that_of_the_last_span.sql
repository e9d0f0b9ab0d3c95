-- Today's state is told twice: by the last purchase, and by the span that goes on.
{{ config(meta={"dagster": {"ref": {"name": "customer_churn"}}}) }}

with

spans as (

    select * from {{ ref('customer_lifecycle') }}

    where valid_to is null

),

churn as (

    select * from {{ ref('customer_churn') }}

),

broken as (

    select coalesce(churn.customer_id, spans.customer_id) as customer_id

    from churn

    full outer join spans
        on churn.customer_id = spans.customer_id

    where
        churn.lifecycle is distinct from spans.lifecycle
        or churn.lifecycle_since is distinct from spans.valid_from

)

select * from broken
