-- People to whom no marketing goes: they came to the end of a ladder that ends in the archive, no
-- sooner than when they were dormant, and have neither bought nor visited nor clicked since.
with

ladders as (

    select * from {{ ref('programme_ladders') }}

    where
        archives
        and end_reason = 'ran_out'
        and last_step > 0

),

activity as (

    select * from {{ ref('customer_activity') }}

),

archived as (

    select
        ladders.customer_id,
        max(ladders.ended_on) as archived_on,
        arg_max(
            ladders.programme, {'ended_on': ladders.ended_on, 'programme': ladders.programme}
        ) as programme

    from ladders

    inner join activity
        on ladders.customer_id = activity.customer_id

    where
        -- Who buys what is bought once never becomes dormant.
        (ladders.dormant_on <= ladders.ended_on or activity.purchase_count = 0)
        and coalesce(activity.last_purchase_date <= ladders.ended_on, true)
        and coalesce(activity.last_visit_date <= ladders.ended_on, true)
        and coalesce(activity.last_human_click_date <= ladders.ended_on, true)

    group by ladders.customer_id

)

select * from archived
