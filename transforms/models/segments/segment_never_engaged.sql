with

activity as (

    select
        *,
        -- Where opens are made by machines, silence says less: it has to last twice as long.
        {{ var('never_engaged_days') }} * case when has_machine_opens then 2 else 1 end
            as silence_days

    from {{ ref('customer_activity') }}

),

members as (

    select
        customer_id,
        'never_engaged' as segment

    from activity

    where
        emails_unanswered_count >= {{ var('never_engaged_mails') }}
        and first_mail_date <= {{ as_of_date() }} - silence_days
        and coalesce(last_possible_engagement_date <= {{ as_of_date() }} - silence_days, true)
        and coalesce(last_visit_date <= {{ as_of_date() }} - silence_days, true)
        and coalesce(days_since_last_purchase >= silence_days, true)

)

select * from members
