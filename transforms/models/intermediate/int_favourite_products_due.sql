-- When what a buyer buys most often will have run out: by how long it lasts, else by the buyer's
-- own gaps, else by those of everybody who buys it.
with

favourites as (

    select
        customer_id,
        favourite_product_id as product_id

    from {{ ref('int_products_by_customer') }}

),

products as (

    select
        product_id,
        cycle_days

    from {{ ref('int_products_described') }}

    where not is_one_off

),

bought as (

    select
        customer_id,
        product_id,
        purchase_date,
        quantity,
        date_diff(
            'day',
            lag(purchase_date) over (
                partition by
                    customer_id,
                    product_id
                order by purchase_date
            ),
            purchase_date
        ) as gap_days

    from {{ ref('int_products_bought') }}

    where
        customer_id is not null
        and is_kept

),

own as (

    select
        favourites.customer_id,
        favourites.product_id,
        max(bought.purchase_date) as last_bought_date,
        arg_max(bought.quantity, bought.purchase_date) as last_quantity,
        count(bought.gap_days) as gap_count,
        percentile_cont(0.5) within group (order by cast(bought.gap_days as double))
            as gap_median_days

    from favourites

    inner join bought
        on
            favourites.customer_id = bought.customer_id
            and favourites.product_id = bought.product_id

    group by
        favourites.customer_id,
        favourites.product_id

),

everybodys as (

    select
        product_id,
        percentile_cont(0.5) within group (order by cast(gap_days as double)) as gap_median_days

    from bought

    where
        gap_days is not null
        and product_id in (
            select favourites.product_id

            from favourites
        )

    group by product_id

    having count(*) >= {{ var('due_product_gaps') }}

),

lasting as (

    select
        own.customer_id,
        own.product_id,
        own.last_bought_date,
        -- Several pieces last several times as long, within reason.
        case
            when products.cycle_days is not null
                then least(
                    products.cycle_days * greatest(floor(own.last_quantity), 1),
                    {{ var('due_ceiling_days') }}
                )
        end as cycle_days,
        case when own.gap_count >= {{ var('due_own_gaps') }} then ceil(own.gap_median_days) end
            as own_days,
        ceil(everybodys.gap_median_days) as everybodys_days

    from own

    inner join products
        on own.product_id = products.product_id

    left outer join everybodys
        on own.product_id = everybodys.product_id

),

due as (

    select
        customer_id,
        product_id,
        last_bought_date
        + cast(
            case
                when cycle_days is not null then cycle_days
                when own_days is not null then own_days
                else everybodys_days
            end as integer
        ) as due_on,
        case
            when cycle_days is not null then 'cycle'
            when own_days is not null then 'own'
            when everybodys_days is not null then 'product'
        end as due_basis

    from lasting

    where coalesce(cycle_days, own_days, everybodys_days) is not null

)

select * from due
