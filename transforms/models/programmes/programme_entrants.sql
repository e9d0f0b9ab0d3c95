-- The people whom a programme's results are computed from: each person's first entry in a period,
-- when its window is over. What a contact and an offer cost counts where it is known; whoever
-- bought while an offer was open is taken to have used it.
with

outcomes as (

    select * from {{ ref('programme_outcomes') }}

    where
        is_over
        and entry_number = 1

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

taken as (

    select * from {{ ref('programme_steps_taken') }}

    where is_listed

),

offers as (

    select * from {{ ref('offers') }}

),

programmes as (

    select * from {{ ref('programmes') }}

),

costs as (

    select * from {{ ref('costs') }}

),

-- Fixed by what was known when the first of a period entered.
caps as (

    select
        programme,
        salt,
        arg_min(revenue_cap, entered_on) filter (where revenue_cap is not null) as revenue_cap

    from enrolments

    group by
        programme,
        salt

),

contacts as (

    select
        customer_id,
        programme,
        entered_on,
        count(sent_on) as contact_count

    from taken

    group by
        customer_id,
        programme,
        entered_on

),

used as (

    select
        outcomes.customer_id,
        outcomes.programme,
        outcomes.entered_on,
        arg_max(
            case
                when offers.kind = 'discount' and offers.value_unit = 'percent'
                    then offers.value / 100 * greatest(outcomes.revenue, 0)
                else coalesce(offers.cost, 0)
            end,
            taken.step
        ) as offer_cost

    from outcomes

    inner join taken
        on
            outcomes.customer_id = taken.customer_id
            and outcomes.programme = taken.programme
            and outcomes.entered_on = taken.entered_on
            and outcomes.bought_on > taken.taken_on
            and coalesce(outcomes.bought_on <= taken.offer_ends_on, true)

    inner join offers
        on taken.offer = offers.offer

    group by
        outcomes.customer_id,
        outcomes.programme,
        outcomes.entered_on

),

entrants as (

    select
        outcomes.programme,
        outcomes.salt || ' ' || strftime(outcomes.entered_on, '%Y-%m') as stratum,
        outcomes.entered_on,
        outcomes.is_control,
        outcomes.arm,
        outcomes.is_buyer,
        cast(outcomes.revenue as double) as revenue,
        cast(least(outcomes.revenue, caps.revenue_cap) as double) as revenue_capped,
        cast(
            case
                when outcomes.is_control then 0 else
                    coalesce(contacts.contact_count, 0) * costs.amount
                    + coalesce(used.offer_cost, 0)
            end as double
        ) as cost

    from outcomes

    left outer join caps
        on
            outcomes.programme = caps.programme
            and outcomes.salt = caps.salt

    left outer join programmes
        on outcomes.programme = programmes.programme

    left outer join costs
        on 'contact_' || programmes.channel = costs.cost

    left outer join contacts
        on
            outcomes.customer_id = contacts.customer_id
            and outcomes.programme = contacts.programme
            and outcomes.entered_on = contacts.entered_on

    left outer join used
        on
            outcomes.customer_id = used.customer_id
            and outcomes.programme = used.programme
            and outcomes.entered_on = used.entered_on

)

select * from entrants
