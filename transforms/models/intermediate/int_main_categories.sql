-- What each customer had spent most on up to each purchase. Who buys a bed and now and then pillows
-- follows the pillows: a category that is bought once counts only where there is no other.
with

purchases as (

    select
        customer_id,
        purchase_date

    from {{ ref('int_purchases') }}

),

category_purchases as (

    select * from {{ ref('int_purchases_by_category') }}

),

traits as (

    select * from {{ ref('int_category_traits') }}

),

spent as (

    select
        purchases.customer_id,
        purchases.purchase_date,
        category_purchases.category,
        sum(category_purchases.amount) as amount

    from purchases

    inner join category_purchases
        on
            purchases.customer_id = category_purchases.customer_id
            and purchases.purchase_date >= category_purchases.purchase_date

    group by
        purchases.customer_id,
        purchases.purchase_date,
        category_purchases.category

),

described as (

    select
        spent.customer_id,
        spent.purchase_date,
        spent.category,
        spent.amount,
        coalesce(traits.is_one_off, false) as is_one_off,
        traits.season_from,
        traits.season_to

    from spent

    left outer join traits
        on spent.category = traits.category

),

main_categories as (

    select
        customer_id,
        purchase_date,
        arg_min(
            {
                'category': category,
                'is_one_off': is_one_off,
                'season_from': season_from,
                'season_to': season_to
            },
            {
                'last': cast(is_one_off as integer),
                'amount': -amount,
                'category': category
            }
        ) as main

    from described

    group by
        customer_id,
        purchase_date

),

named as (

    select
        customer_id,
        purchase_date,
        main['category'] as main_category,
        main['is_one_off'] as is_one_off,
        main['season_from'] as season_from,
        main['season_to'] as season_to

    from main_categories

)

select * from named
