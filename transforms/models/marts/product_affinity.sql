with

pairs as (

    select * from {{ ref('int_products_paired') }}

),

affinity as (

    select
        product_id,
        other_product_id,
        basket_count,
        other_basket_count,
        together_count,
        support,
        confidence,
        lift,
        {{ as_of_date() }} as as_of_date

    from pairs

)

select * from affinity
