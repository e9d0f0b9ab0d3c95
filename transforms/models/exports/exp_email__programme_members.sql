with

programme_lists as (

    select * from {{ ref('programme_lists') }}

    where channel = 'email'

),

members as (

    select
        audience,
        customer_id,
        programme,
        priority,
        step,
        message_kind,
        offer_kind,
        offer_label,
        offer_code,
        offer_ends_on

    from programme_lists

)

select * from members
