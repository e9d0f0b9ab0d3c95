with

scored as (

    select * from {{ ref('int_rfm_scored') }}

),

segments as (

    select * from {{ ref('rfm_segments') }}

),

stages as (

    select * from {{ ref('rfm_stages') }}

),

mapped as (

    select
        scored.scored_on,
        scored.customer_id,
        scored.recency_days,
        scored.frequency,
        scored.monetary,
        scored.r_score,
        scored.f_score,
        scored.m_score,
        segments.segment,
        stages.stage

    from scored

    left outer join segments
        on
            scored.r_score between segments.r_from and segments.r_to
            and scored.f_score between segments.f_from and segments.f_to
            and scored.m_score between segments.m_from and segments.m_to

    left outer join stages
        on
            scored.r_score between stages.r_from and stages.r_to
            and scored.f_score between stages.f_from and stages.f_to
            and scored.m_score between stages.m_from and stages.m_to

),

previous as (

    select
        customer_id,
        segment

    from mapped

    where scored_on < {{ as_of_date() }}

),

rfm as (

    select
        mapped.customer_id,
        mapped.recency_days,
        mapped.frequency,
        mapped.monetary,
        mapped.r_score,
        mapped.f_score,
        mapped.m_score,
        cast(mapped.r_score as varchar)
        || cast(mapped.f_score as varchar)
        || cast(mapped.m_score as varchar) as rfm_score,
        mapped.segment,
        mapped.stage,
        previous.segment as previous_segment,
        {{ as_of_date() }} as as_of_date

    from mapped

    left outer join previous
        on mapped.customer_id = previous.customer_id

    where mapped.scored_on = {{ as_of_date() }}

)

select * from rfm
