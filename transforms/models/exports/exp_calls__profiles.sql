-- What whoever calls has to know. Dates and states only, so that nobody is new every night.
with

listed as (

    select distinct
        customer_id,
        phone

    from {{ ref('exp_calls__list_members') }}

),

-- Of several programmes the one that goes first: the other waits.
steps as (

    select *

    from {{ ref('programme_lists') }}

    where channel = 'phone'

    qualify row_number() over (
        partition by customer_id
        order by priority asc, step desc, message asc
    ) = 1

),

candidates as (

    select * from {{ ref('programme_candidates') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

people as (

    select * from {{ ref('int_customers_described') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

baskets as (

    select
        activity.customer_id,
        string_agg(
            products.product_name, '; '
            order by products.product_name, products.product_id
        ) as product_names

    from activity

    inner join {{ ref('products') }} as products
        on list_contains(activity.last_basket_product_ids, products.product_id)

    group by activity.customer_id

),

profiles as (

    select
        listed.customer_id,
        listed.phone,
        people.first_name,
        people.last_name,
        people.language,
        people.city,
        coalesce(enrolments.reason, candidates.reason) as reason,
        churn.lifecycle,
        activity.last_purchase_date,
        baskets.product_names as last_bought,
        case when activity.is_unhappy then activity.unhappy_reason end as unhappy_reason,
        steps.programme,
        steps.step,
        steps.offer_label,
        steps.offer_code,
        steps.offer_ends_on

    from listed

    inner join steps
        on listed.customer_id = steps.customer_id

    inner join people
        on listed.customer_id = people.customer_id

    inner join activity
        on listed.customer_id = activity.customer_id

    left outer join churn
        on listed.customer_id = churn.customer_id

    left outer join baskets
        on listed.customer_id = baskets.customer_id

    left outer join enrolments
        on
            steps.customer_id = enrolments.customer_id
            and steps.programme = enrolments.programme
            and steps.entered_on = enrolments.entered_on

    left outer join candidates
        on
            steps.customer_id = candidates.customer_id
            and steps.programme = candidates.programme

)

select * from profiles
