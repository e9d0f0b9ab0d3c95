with

bought as (

    select
        customer_id,
        product_id

    from {{ ref('int_products_bought') }}

    where
        customer_id is not null
        and is_last

),

pairs as (

    select * from {{ ref('int_products_paired') }}

    where lift > 1

),

baskets as (

    select
        customer_id,
        list(product_id order by product_id) as last_basket_product_ids

    from bought

    group by customer_id

),

-- The best partners of a product are enough, as few baskets hold so many of them.
partners as (

    select
        product_id,
        other_product_id,
        together_count,
        lift,
        row_number() over (
            partition by product_id
            order by lift desc, together_count desc, other_product_id asc
        ) as partner_number

    from pairs

),

candidates as (

    select
        bought.customer_id,
        partners.other_product_id,
        partners.together_count,
        partners.lift

    from bought

    inner join partners
        on
            bought.product_id = partners.product_id
            and partners.partner_number <= {{ var('offer_partners') }}

    left outer join bought as held
        on
            bought.customer_id = held.customer_id
            and partners.other_product_id = held.product_id

    where held.product_id is null

),

complements as (

    select
        customer_id,
        arg_min(
            other_product_id,
            {'lift': -lift, 'times': -together_count, 'product': other_product_id}
        ) as complementary_product_id

    from candidates

    group by customer_id

),

offers as (

    select
        baskets.customer_id,
        baskets.last_basket_product_ids,
        complements.complementary_product_id

    from baskets

    left outer join complements
        on baskets.customer_id = complements.customer_id

)

select * from offers
