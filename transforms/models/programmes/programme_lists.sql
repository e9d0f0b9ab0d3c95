-- Who is on the list of which step of which programme: whoever took it last, is still on the ladder
-- and has ordered nothing since. No control is on any, and nobody is put on a list of a step again
-- that he was taken off: a tool that mails whoever comes on would mail him twice.
with

moves as (

    select * from {{ ref('programme_moves') }}

),

ladders as (

    select * from {{ ref('programme_ladders') }}

    where
        ended_on is null
        and not is_control

),

taken as (

    select * from {{ ref('programme_steps_taken') }}

    where is_listed

),

programmes as (

    select * from {{ ref('programmes') }}

    where is_on

),

steps as (

    select * from {{ ref('programme_steps') }}

),

offers as (

    select * from {{ ref('offers') }}

),

held as (

    select * from {{ ref('programme_holds') }}

    where programme = 'all'

),

open_orders as (

    select * from {{ ref('int_orders_open_by_customer') }}

),

left_lists as (

    select * from {{ ref('programme_lists_left') }}

),

before_today as (

    select
        taken.customer_id,
        taken.programme,
        taken.entered_on,
        taken.arm,
        taken.step,
        taken.message,
        taken.taken_on,
        taken.offer,
        taken.offer_ends_on

    from taken

    inner join ladders
        on
            taken.customer_id = ladders.customer_id
            and taken.programme = ladders.programme
            and taken.entered_on = ladders.entered_on
            and taken.step = ladders.last_step

    -- Whoever takes the next step today leaves the list of the one before.
    anti join moves
        on
            taken.customer_id = moves.customer_id
            and taken.programme = moves.programme
            and taken.step < moves.step

    anti join held
        on taken.customer_id = held.customer_id

    -- By the newest orders too, which end the ladder on the next day only.
    anti join open_orders
        on taken.customer_id = open_orders.customer_id

),

taken_today as (

    select
        customer_id,
        programme,
        entered_on,
        arm,
        step,
        message,
        {{ as_of_date() }} as taken_on,
        offer,
        offer_ends_on

    from moves

    where is_listed

),

listed as (

    select * from before_today
    union all
    select * from taken_today

),

lists as (

    select
        listed.customer_id,
        listed.programme,
        listed.entered_on,
        listed.arm,
        listed.step,
        listed.message,
        listed.taken_on,
        programmes.channel,
        programmes.priority,
        {{ programme_list('listed') }} as audience,
        steps.message_kind,
        listed.offer,
        offers.kind as offer_kind,
        offers.label as offer_label,
        offers.code as offer_code,
        listed.offer_ends_on

    from listed

    inner join programmes
        on listed.programme = programmes.programme

    inner join steps
        on
            listed.programme = steps.programme
            and listed.step = steps.step
            and coalesce(steps.arm, listed.arm) = listed.arm

    inner join offers
        on listed.offer = offers.offer

),

standing as (

    select lists.*

    from lists

    anti join left_lists
        on
            lists.customer_id = left_lists.customer_id
            and lists.audience = left_lists.audience
            and lists.taken_on <= left_lists.left_on

)

select * from standing
