with

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        customer_id,
        'category_browsed' as programme,
        'looked at '
        || cast(browsed_category_view_count as varchar)
        || ' pages of '
        || browsed_category
        || ', last on '
        || cast(browsed_category_last_date as varchar)
        || ', and has bought nothing of it since' as reason

    from activity

    where
        browsed_category_view_count >= {{ var('browsed_views') }}

)

select * from candidates
