-- What a contact is expected to bring, less what it costs: p1 × (margin − offer) − p0 × margin −
-- contact, with the chances of buying within the programme's window with and without it. Unknown
-- where the shop has not said what it earns.
with

questions as (

    select * from {{ ref('programme_questions') }}

    where is_entry

),

programmes as (

    select * from {{ ref('programmes') }}

    where is_on

),

drawn as (

    select * from {{ ref('programme_candidates_drawn') }}

),

steps as (

    select * from {{ ref('programme_steps') }}

),

offers as (

    select * from {{ ref('offers') }}

),

costs as (

    select
        max(amount) filter (where cost = 'margin_share') as margin_share,
        max(amount) filter (where cost = 'contact_email') as email,
        max(amount) filter (where cost = 'contact_phone') as phone,
        max(amount) filter (where cost = 'contact_ads') as ads

    from {{ ref('costs') }}

),

lifts as (

    select * from {{ ref('programme_lifts') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

-- Where there is no prediction, how many of the same state bought on earlier days.
shares_by_state as (

    select
        value as lifecycle,
        sum(bought_count) / sum(customer_count) as share_bought

    from {{ ref('backtest') }}

    where kind = 'lifecycle'

    group by value

),

-- The offer of the step that comes first; which offers come later nobody knows yet.
first_offers as (

    select
        questions.customer_id,
        questions.programme,
        drawn.outcome_days / 90 as windows,
        offers.kind,
        offers.value,
        offers.value_unit,
        offers.cost

    from questions

    inner join drawn
        on
            questions.customer_id = drawn.customer_id
            and questions.programme = drawn.programme

    inner join steps
        on
            questions.programme = steps.programme
            and questions.next_step = steps.step
            and coalesce(steps.arm, questions.arm) = questions.arm

    inner join offers
        on steps.offer = offers.offer

),

chances as (

    select
        first_offers.customer_id,
        first_offers.programme,
        1 - power(
            1 - coalesce(churn.p_buys_90d, shares_by_state.share_bought), first_offers.windows
        ) as chance_without,
        lifts.lift,
        coalesce(churn.expected_purchases_90d, 0) * first_offers.windows as expected_purchases,
        coalesce(churn.expected_order_value, activity.average_order_value) as order_value,
        costs.margin_share,
        coalesce(
            case programmes.channel
                when 'email' then costs.email
                when 'phone' then costs.phone
                when 'ads' then costs.ads
            end,
            0
        ) as contact_cost,
        case
            when first_offers.kind = 'discount' and first_offers.value_unit = 'percent'
                then first_offers.value / 100 * order_value
            else coalesce(first_offers.cost, 0)
        end as offer_cost

    from first_offers

    inner join programmes
        on first_offers.programme = programmes.programme

    inner join lifts
        on first_offers.programme = lifts.programme

    cross join costs

    inner join activity
        on first_offers.customer_id = activity.customer_id

    left outer join churn
        on first_offers.customer_id = churn.customer_id

    left outer join shares_by_state
        on churn.lifecycle = shares_by_state.lifecycle

),

expected as (

    select
        *,
        least(greatest(chance_without + lift, 0), 1) as chance_with,
        -- Of who buys at all: at least one purchase.
        margin_share
        * order_value
        * greatest(expected_purchases / nullif(chance_without, 0), 1) as margin

    from chances

),

profits as (

    select
        customer_id,
        programme,
        chance_without,
        chance_with,
        cast(margin as decimal(18, 2)) as margin,
        cast(offer_cost as decimal(18, 2)) as offer_cost,
        cast(contact_cost as decimal(18, 2)) as contact_cost,
        cast(
            chance_with * (margin - offer_cost) - chance_without * margin - contact_cost
            as decimal(18, 2)
        ) as expected_profit

    from expected

)

select * from profits
