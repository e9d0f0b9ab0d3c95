-- Each buyer and whether the past is looked at through him: a fixed share of all, so large that
-- it has some `churn_model_sample_customers`. Ids are opaque: as good as drawn by lot.
with

first_purchases as (

    select
        customer_id,
        purchase_date as first_purchase_date,
        revenue as spent_at_first

    from {{ ref('int_purchases') }}

    where purchase_number = 1

),

buyers as (

    select
        customer_id,
        first_purchase_date,
        spent_at_first,
        md5_number_lower(customer_id) % 1000000
        < 1e6 * {{ var('churn_model_sample_customers') }} / count(*) over () as is_in_sample

    from first_purchases

)

select * from buyers
