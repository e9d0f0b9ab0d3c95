-- Which categories have a season or are bought once in a long while: what the table of categories
-- says, else what all their products have in common.
with

told as (

    select * from {{ ref('categories') }}

),

products as (

    select
        category,
        season_from,
        season_to,
        coalesce(is_one_off, false) as is_one_off

    from {{ ref('stg_contract__products') }}

    where category is not null

),

agreed as (

    select
        category,
        count(distinct coalesce(season_from || ' ' || season_to, '')) = 1 as is_one_season,
        min(season_from) as season_from,
        min(season_to) as season_to,
        bool_and(is_one_off) as is_one_off

    from products

    group by category

),

traits as (

    select
        coalesce(told.category, agreed.category) as category,
        case
            when told.category is not null then told.season_from
            when agreed.is_one_season then agreed.season_from
        end as season_from,
        case
            when told.category is not null then told.season_to
            when agreed.is_one_season then agreed.season_to
        end as season_to,
        coalesce(told.is_one_off, agreed.is_one_off, false) as is_one_off

    from told

    full outer join agreed
        on told.category = agreed.category

)

select * from traits
