-- Of the buyers as they stood on past days, how many bought within the 90 days that followed: by
-- what the lifecycle said of them, and by what the model did.
with

scores as (

    select
        cutoff_date,
        customer_id,
        p_buys_90d,
        purchases_after

    from {{ ref('int_churn_model_scores') }}

    where cutoff_kind in ('window', 'earlier')

),

deciles as (

    select
        cutoff_date,
        'decile' as kind,
        cast(
            ntile(10) over (
                partition by cutoff_date
                order by
                    p_buys_90d,
                    customer_id
            ) as varchar
        ) as value,
        purchases_after

    from scores

),

histories as (

    select
        cutoff_date,
        customer_id,
        purchases_after

    from {{ ref('int_churn_model_histories') }}

    where cutoff_kind in ('window', 'earlier')

),

states as (

    select
        histories.cutoff_date,
        'lifecycle' as kind,
        lifecycle.lifecycle as value,
        histories.purchases_after

    from histories

    inner join {{ ref('customer_lifecycle') }} as lifecycle
        on
            histories.customer_id = lifecycle.customer_id
            and histories.cutoff_date >= lifecycle.valid_from
            and (histories.cutoff_date < lifecycle.valid_to or lifecycle.valid_to is null)

),

unioned as (

    select * from deciles
    union all
    select * from states

),

counted as (

    select
        cutoff_date,
        kind,
        value,
        count(*) as customer_count,
        count(*) filter (where purchases_after > 0) as bought_count,
        count(*) filter (where purchases_after > 0) / count(*) as share_bought,
        {{ as_of_date() }} as as_of_date

    from unioned

    group by
        cutoff_date,
        kind,
        value

)

select * from counted
