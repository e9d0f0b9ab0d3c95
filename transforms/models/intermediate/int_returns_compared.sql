-- How much of what they ordered people sent back lately, against what others do in their category.
with

returned as (

    select
        customer_id,
        -- Several returns from one order are one.
        coalesce(order_key, feedback_key) as item_key,
        occurred_date,
        is_settled

    from {{ ref('int_feedback_owned') }}

    where
        feedback_kind = 'return'
        and age_days < {{ var('unhappy_days') }}

),

ordered as (

    select
        customer_id,
        order_key as item_key

    from {{ ref('int_orders_settled') }}

    where
        customer_id is not null
        and total > 0
        and ordered_date > {{ as_of_date() }} - {{ var('unhappy_days') }}

),

categories as (

    select
        customer_id,
        main_category as category

    from {{ ref('int_purchases_summed_by_customer') }}

),

items as (

    select
        customer_id,
        item_key,
        false as is_returned

    from ordered

    union all

    select
        customer_id,
        item_key,
        true as is_returned

    from returned

),

counted as (

    select
        items.customer_id,
        categories.category,
        count(distinct items.item_key) as order_count,
        count(distinct items.item_key) filter (where items.is_returned) as return_count

    from items

    left outer join categories
        on items.customer_id = categories.customer_id

    group by
        items.customer_id,
        categories.category

),

-- What others do: the customer's own returns would make themselves usual.
with_others as (

    select
        customer_id,
        order_count,
        return_count,
        sum(order_count) over (partition by category) - order_count as category_order_count,
        sum(return_count) over (partition by category) - return_count as category_return_count,
        sum(order_count) over () - order_count as shop_order_count,
        sum(return_count) over () - return_count as shop_return_count,
        category is not null as has_category

    from counted

),

usual as (

    select
        *,
        case
            when has_category and category_order_count >= {{ var('unhappy_share_needs_orders') }}
                then category_order_count
            else shop_order_count
        end as usual_order_count,
        case
            when has_category and category_order_count >= {{ var('unhappy_share_needs_orders') }}
                then category_return_count
            else shop_return_count
        end as usual_return_count

    from with_others

),

last_returns as (

    select
        customer_id,
        max(occurred_date) as last_return_date,
        bool_and(is_settled) as are_settled

    from returned

    group by customer_id

),

compared as (

    select
        usual.customer_id,
        usual.order_count,
        usual.return_count,
        usual.usual_return_count / nullif(usual.usual_order_count, 0) as usual_return_share,
        last_returns.last_return_date,
        not last_returns.are_settled
        and usual.return_count >= {{ var('unhappy_return_count') }}
        and usual.return_count * usual.usual_order_count
        > {{ var('unhappy_return_times') }} * usual.usual_return_count * usual.order_count
        and usual.usual_order_count > 0 as is_unusual

    from usual

    inner join last_returns
        on usual.customer_id = last_returns.customer_id

)

select * from compared
