with

mails as (

    select
        keys.customer_id,
        hash(mails.account_key, mails.email) as recipient_hash,
        mails.mail_key,
        mails.first_date,
        mails.sent_date,
        mails.is_delivered or (mails.is_sent and not mails.is_bounced) as is_received,
        mails.is_delivered,
        mails.is_sent,
        mails.is_bounced,
        mails.human_open_date,
        mails.human_click_date,
        mails.machine_open_date,
        -- An open that nothing tells about may have been a person's.
        greatest(mails.human_open_date, mails.human_click_date, mails.unexplained_open_date)
            as possible_engagement_date,
        mails.last_human_engagement_at

    from {{ ref('int_email_mails') }} as mails

    inner join {{ ref('int_customer_keys') }} as keys
        on coalesce(mails.account_key, 'email:' || mails.email) = keys.person_key

),

customers as (

    select
        customer_id,
        min(first_date) as first_mail_date,
        max(last_human_engagement_at) as last_human_engagement_at,
        max(possible_engagement_date) as last_possible_engagement_date,
        count(machine_open_date) > 0 as has_machine_opens,
        min(recipient_hash) <> max(recipient_hash) as has_several_addresses

    from mails

    group by customer_id

),

-- One row per mail and person. Only who is known by several names can have two of one mail.
mails_of_person as (

    select
        customers.customer_id,
        customers.last_possible_engagement_date,
        mails.sent_date,
        mails.is_received,
        mails.human_open_date,
        mails.human_click_date,
        mails.machine_open_date

    from mails

    inner join customers
        on mails.customer_id = customers.customer_id

    where not customers.has_several_addresses

    union all

    select
        customers.customer_id,
        customers.last_possible_engagement_date,
        max(mails.sent_date) as sent_date,
        bool_or(mails.is_delivered) or (bool_or(mails.is_sent) and not bool_or(mails.is_bounced))
            as is_received,
        max(mails.human_open_date) as human_open_date,
        max(mails.human_click_date) as human_click_date,
        max(mails.machine_open_date) as machine_open_date

    from mails

    inner join customers
        on mails.customer_id = customers.customer_id

    where customers.has_several_addresses

    group by
        customers.customer_id,
        customers.last_possible_engagement_date,
        mails.mail_key

),

counted as (

    select
        customer_id,
        {% for days in (30, 90, 365) -%}
        {%- set first_day = as_of_date() ~ " - " ~ (days - 1) -%}
        count(*) filter (where sent_date >= {{ first_day }}) as emails_sent_{{ days }}d,
        count(*) filter (where human_open_date >= {{ first_day }}) as human_opens_{{ days }}d,
        count(*) filter (where human_click_date >= {{ first_day }}) as human_clicks_{{ days }}d,
        count(*) filter (where machine_open_date >= {{ first_day }}) as machine_opens_{{ days }}d,
        {% endfor -%}
        count(*) filter (
            where is_received and coalesce(sent_date > last_possible_engagement_date, true)
        ) as emails_unanswered_count

    from mails_of_person

    group by customer_id

)

select
    counted.*,
    customers.first_mail_date,
    customers.last_human_engagement_at,
    customers.last_possible_engagement_date,
    customers.has_machine_opens

from counted

inner join customers
    on counted.customer_id = customers.customer_id
