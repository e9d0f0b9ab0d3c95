-- A programme without one of them would let nobody in and say nothing of it.
{{ config(meta={"dagster": {"ref": {"name": "programmes"}}}) }}

with

programmes as (

    select programme from {{ ref('programmes') }}

    union all

    select 'all' as programme

),

periods as (

    select
        programme,
        min(valid_from) as first_day

    from {{ ref('programme_periods') }}

    group by programme

),

arms as (

    select
        programme,
        sum(share) as share

    from {{ ref('programme_arms') }}

    group by programme

),

steps as (

    select distinct programme from {{ ref('programme_steps') }}

),

incomplete as (

    select programmes.programme

    from programmes

    left outer join periods
        on programmes.programme = periods.programme

    left outer join arms
        on programmes.programme = arms.programme

    left outer join steps
        on programmes.programme = steps.programme

    where
        periods.first_day is null
        or periods.first_day > date '1970-01-01'
        or programmes.programme <> 'all'
        and (arms.share is null or arms.share <> 1 or steps.programme is null)

)

select * from incomplete
