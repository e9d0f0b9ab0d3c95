with

listed as (

    select distinct
        customer_id,
        email

    from {{ ref('exp_surveys__list_members') }}

),

-- Of several surveys the one that goes first.
steps as (

    select *

    from {{ ref('programme_lists') }}

    where
        channel = 'email'
        and message_kind = 'survey'

    qualify row_number() over (
        partition by customer_id
        order by priority asc, step desc, message asc
    ) = 1

),

people as (

    select * from {{ ref('int_customers_described') }}

),

profiles as (

    select
        listed.customer_id,
        listed.email,
        people.first_name,
        people.language,
        steps.programme as survey,
        steps.offer_label as bonus_label,
        steps.offer_code as bonus_code,
        steps.offer_ends_on as bonus_ends_on

    from listed

    inner join steps
        on listed.customer_id = steps.customer_id

    inner join people
        on listed.customer_id = people.customer_id

)

select * from profiles
