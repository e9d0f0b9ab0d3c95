-- What was bought on the day it was marked or later is not waited for any more.
with

marked as (

    select
        customer_id,
        product_id,
        max(occurred_date) as marked_date

    from {{ ref('int_visits_owned') }}

    where
        is_mark
        and product_id is not null

    group by
        customer_id,
        product_id

),

bought as (

    select
        customer_id,
        product_id,
        purchase_date

    from {{ ref('int_products_bought') }}

    where customer_id is not null

),

products as (

    select product_id

    from {{ ref('int_products_described') }}

    where is_available

),

waiting as (

    select
        marked.customer_id,
        marked.product_id,
        marked.marked_date

    from marked

    inner join products
        on marked.product_id = products.product_id

    anti join bought
        on
            marked.customer_id = bought.customer_id
            and marked.product_id = bought.product_id
            and marked.marked_date <= bought.purchase_date

)

select * from waiting
