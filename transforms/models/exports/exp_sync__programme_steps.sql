with

moves as (

    select * from {{ ref('programme_moves') }}

),

steps as (

    select
        customer_id,
        programme,
        entered_on,
        step,
        message,
        is_listed,
        offer,
        offer_ends_on,
        audience

    from moves

)

select * from steps
