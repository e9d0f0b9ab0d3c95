-- Every buyer and nobody else has scores and a lifecycle; scores only of those within their window.
{{ config(meta={"dagster": {"ref": {"name": "customer_churn"}}}) }}

with

buyers as (

    select
        customer_id,
        {% if var('rfm_window_days') -%}
        days_since_last_purchase < {{ var('rfm_window_days') }}
        {%- else -%}
        true
        {%- endif %} as is_scored

    from {{ ref('customer_activity') }}

    where purchase_count > 0

),

compared as (

    select
        coalesce(buyers.customer_id, rfm.customer_id, churn.customer_id) as customer_id,
        coalesce(buyers.is_scored, false) as is_scored,
        buyers.customer_id is not null as is_buyer,
        rfm.customer_id is not null as is_in_rfm,
        churn.customer_id is not null as is_in_churn

    from buyers

    full outer join {{ ref('customer_rfm') }} as rfm
        on buyers.customer_id = rfm.customer_id

    full outer join {{ ref('customer_churn') }} as churn
        on coalesce(buyers.customer_id, rfm.customer_id) = churn.customer_id

)

select * from compared

where
    is_in_rfm <> is_scored
    or is_in_churn <> is_buyer
