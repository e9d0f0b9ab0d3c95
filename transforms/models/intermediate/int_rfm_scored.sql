-- Score = 1 + whole part of 5 × the share of buyers strictly worse, so equal values are equal.
with

measured as (

    select * from {{ ref('int_rfm_values') }}

),

ranked as (

    select
        *,
        count(*) over (partition by scored_on) as buyer_count,
        rank() over (
            partition by scored_on
            order by recency_days desc
        ) - 1 as staler_count,
        rank() over (
            partition by scored_on
            order by frequency asc
        ) - 1 as rarer_count,
        rank() over (
            partition by scored_on
            order by monetary asc
        ) - 1 as poorer_count

    from measured

),

scored as (

    select
        scored_on,
        customer_id,
        recency_days,
        frequency,
        monetary,
        cast(1 + 5 * staler_count // buyer_count as integer) as r_score,
        cast(1 + 5 * rarer_count // buyer_count as integer) as f_score,
        cast(1 + 5 * poorer_count // buyer_count as integer) as m_score

    from ranked

)

select * from scored
