with

members as (

    select customer_id from {{ ref('segment_never_engaged') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

candidates as (

    select
        members.customer_id,
        'never_engaged' as programme,
        cast(activity.emails_unanswered_count as varchar)
        || ' mails, and no open, click, visit or purchase in '
        || cast(
            {{ var('never_engaged_days') }} * case when activity.has_machine_opens then 2 else 1 end
            as varchar
        )
        || ' days' as reason

    from members

    inner join activity
        on members.customer_id = activity.customer_id

)

select * from candidates
