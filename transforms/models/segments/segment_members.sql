{{ config(materialized="table", schema="marts") }}

with

members as (

    select * from {{ ref('segment_vip') }}
    union all
    select * from {{ ref('segment_new') }}
    union all
    select * from {{ ref('segment_slipping') }}
    union all
    select * from {{ ref('segment_passive_regulars') }}
    union all
    select * from {{ ref('segment_dormant') }}
    union all
    select * from {{ ref('segment_long_dormant') }}
    union all
    select * from {{ ref('segment_never_engaged') }}

),

dated as (

    select
        customer_id,
        segment,
        {{ as_of_date() }} as as_of_date

    from members

)

select * from dated
