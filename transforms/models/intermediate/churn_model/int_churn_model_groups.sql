-- Buyers with equal histories on a cutoff, and what came of them in the window.
with

histories as (

    select * from {{ ref('int_churn_model_histories') }}

),

grouped as (

    select
        cutoff_date,
        repeat_count,
        days_to_last,
        age_days,
        repeat_cell,
        age_cell,
        count(*) as customer_count,
        count(*) filter (where purchases_after > 0) as bought_count

    from histories

    group by
        cutoff_date,
        repeat_count,
        days_to_last,
        age_days,
        repeat_cell,
        age_cell

)

select * from grouped
