-- How long customers have waited for what the curves of survival are about: the next purchase, or
-- being lost. Who may have bought before the records is left out: which purchase was really his
-- first nobody knows.
with

purchases as (

    select * from {{ ref('int_purchases') }}

    where purchase_number <= {{ var('journey_purchases') }}

),

buyers as (

    select * from {{ ref('int_purchases_summed_by_customer') }}

    where not is_before_records

),

next_purchases as (

    select
        'next purchase' as curve,
        purchases.purchase_number,
        purchases.next_purchase_date is not null as is_event,
        date_diff(
            'day',
            purchases.purchase_date,
            coalesce(purchases.next_purchase_date, {{ as_of_date() }})
        ) as days

    from purchases

    inner join buyers
        on purchases.customer_id = buyers.customer_id

),

relationships as (

    select
        'lost' as curve,
        1 as purchase_number,
        lost_on <= {{ as_of_date() }} as is_event,
        date_diff('day', first_purchase_date, least(lost_on, {{ as_of_date() }})) as days

    from buyers

),

unioned as (

    select * from next_purchases
    union all
    select * from relationships

),

counted as (

    select
        curve,
        purchase_number,
        days,
        count(*) filter (where is_event) as event_count,
        count(*) filter (where not is_event) as censored_count

    from unioned

    group by
        curve,
        purchase_number,
        days

)

select * from counted
