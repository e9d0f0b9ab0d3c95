with

versions as (

    {{ numbered_versions('carts', ['cart_id'], 'records.updated_at') }}

),

-- The file with the newest row of a cart brings the whole cart.
standing as (

    select distinct
        cart_id,
        _file_id

    from versions

    where version_number = 1

),

-- Of a product that a file has in several states of the cart the newest stands.
states as (

    select
        versions.*,
        dense_rank() over (
            partition by
                versions._source,
                versions.cart_id,
                versions.product_id
            order by versions.version_number
        ) as state_number

    from versions

    inner join standing
        on
            versions.cart_id = standing.cart_id
            and versions._file_id = standing._file_id

),

carts as (

    select
        _source as source,
        cart_id,
        {{ own_account_key('customer_id') }} as account_key,
        {{ normalised_email('email') }} as email,
        updated_at,
        product_id,
        quantity,
        unit_price,
        order_id

    from states

    where state_number = 1

)

select * from carts
