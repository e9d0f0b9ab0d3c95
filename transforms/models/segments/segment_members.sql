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
    union all
    select * from {{ ref('segment_newcomers') }}
    union all
    select * from {{ ref('segment_long_standing') }}
    union all
    select * from {{ ref('segment_regulars') }}
    union all
    select * from {{ ref('segment_one_time_buyers') }}
    union all
    select * from {{ ref('segment_unhappy') }}
    union all
    select * from {{ ref('segment_window_shoppers') }}
    union all
    select * from {{ ref('segment_discount_lovers') }}
    union all
    select * from {{ ref('segment_product_led') }}
    union all
    select * from {{ ref('segment_like_to_be_remembered') }}

),

dated as (

    select
        customer_id,
        segment,
        {{ as_of_date() }} as as_of_date

    from members

)

select * from dated
