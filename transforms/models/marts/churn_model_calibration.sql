with

scores as (

    select
        cutoff_date,
        p_buys_90d,
        expected_purchases_90d,
        purchases_after,
        ntile(10) over (
            partition by cutoff_date
            order by
                p_buys_90d,
                customer_id
        ) as decile

    from {{ ref('int_churn_model_scores') }}

    where cutoff_kind = 'window'

),

deciles as (

    select
        cutoff_date,
        decile,
        count(*) as customer_count,
        cast(avg(cast(p_buys_90d as decimal(18, 9))) as double) as predicted_share_bought,
        count(*) filter (where purchases_after > 0) / count(*) as share_bought,
        cast(sum(cast(expected_purchases_90d as decimal(18, 9))) as double)
            as predicted_purchase_count,
        sum(purchases_after) as purchase_count,
        {{ as_of_date() }} as as_of_date

    from scores

    group by
        cutoff_date,
        decile

)

select * from deciles
