{{ config(materialized="table") }}

with

candidates as (

    select * from {{ ref('programme_cart_abandoned') }}
    union all
    select * from {{ ref('programme_favourite_waiting') }}
    union all
    select * from {{ ref('programme_category_browsed') }}
    union all
    select * from {{ ref('programme_registered_silent') }}
    union all
    select * from {{ ref('programme_call_list') }}
    union all
    select * from {{ ref('programme_favourite_due') }}
    union all
    select * from {{ ref('programme_birthday') }}
    union all
    select * from {{ ref('programme_nth_purchase') }}
    union all
    select * from {{ ref('programme_loyal_support') }}
    union all
    select * from {{ ref('programme_vip_slipping') }}
    union all
    select * from {{ ref('programme_new_slipping') }}
    union all
    select * from {{ ref('programme_passive_regulars') }}
    union all
    select * from {{ ref('programme_dormant') }}
    union all
    select * from {{ ref('programme_long_dormant') }}
    union all
    select * from {{ ref('programme_survey_lapsed') }}
    union all
    select * from {{ ref('programme_survey_recent') }}
    union all
    select * from {{ ref('programme_never_engaged') }}
    union all
    select * from {{ ref('programme_audience_lapsed') }}

),

named as (

    select
        customer_id,
        programme,
        reason

    from candidates

)

select * from named
