-- Area under the ROC curve of each way to tell who will buy: the chance that a buyer is ranked
-- above somebody who did not buy, equal ranks counting half (Mann and Whitney 1947).
with

scores as (

    select * from {{ ref('int_churn_model_scores') }}

    where cutoff_kind = 'window'

),

rankings as (

    {% for ranking, score in (
        ('model', 'p_buys_90d'),
        ('expected_purchases', 'expected_purchases_90d'),
        ('recency', '-days_since_last_purchase'),
        ('frequency', 'repeat_count'),
        ('overdue_ratio', "coalesce(-overdue_ratio, '-infinity')"),
    ) -%}
    select
        cutoff_date,
        '{{ ranking }}' as ranking,
        purchases_after > 0 as has_bought,
        cast({{ score }} as double) as score

    from scores

    {{ "union all" if not loop.last }}

    {% endfor %}

),

ranked as (

    select
        cutoff_date,
        ranking,
        has_bought,
        -- In halves, so that sums are of whole numbers.
        2 * rank() over (
            partition by
                cutoff_date,
                ranking
            order by score
        ) + count(*) over (
            partition by
                cutoff_date,
                ranking,
                score
        ) - 1 as twice_rank

    from rankings

),

summed as (

    select
        cutoff_date,
        ranking,
        count(*) filter (where has_bought) as bought_count,
        count(*) filter (where not has_bought) as waited_count,
        sum(twice_rank) filter (where has_bought) as twice_ranks

    from ranked

    group by
        cutoff_date,
        ranking

),

areas as (

    select
        cutoff_date,
        ranking,
        (twice_ranks - bought_count * (bought_count + 1))
        / nullif(2 * bought_count * waited_count, 0) as area_under_curve

    from summed

)

select * from areas
