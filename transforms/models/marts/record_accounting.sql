with

online_retail as (

    select * from {{ ref('int_online_retail_records_judged') }}

),

contract as (

    select * from {{ ref('int_contract_records_judged') }}

),

unioned as (

    select * from online_retail
    union all by name
    select * from contract

),

accounted as (

    select
        source,
        entity,
        reason,
        is_identified,
        is_cancellation,
        is_positive,
        reason in ('sold', 'discount', 'cancelled or returned') as is_in_revenue,
        count(*) as record_count,
        cast(coalesce(sum(amount), 0) as decimal(18, 2)) as amount,
        {{ as_of_date() }} as as_of_date

    from unioned

    group by
        source,
        entity,
        reason,
        is_identified,
        is_cancellation,
        is_positive

)

select * from accounted
