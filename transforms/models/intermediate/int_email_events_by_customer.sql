with

recipients as (

    select distinct
        recipients.recipient_number,
        keys.customer_id

    from {{ ref('int_email_recipients') }} as recipients

    inner join {{ ref('int_customer_keys') }} as keys
        on coalesce(recipients.account_key, 'email:' || recipients.email) = keys.person_key

),

-- A number stands for the person: mails are many, and ids are long.
people as (

    select
        recipient_number,
        customer_id,
        min(recipient_number) over (partition by customer_id) as person_number,
        count(*) over (partition by customer_id) > 1 as has_several_addresses

    from recipients

),

mails as (

    select
        people.person_number,
        people.has_several_addresses,
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

    inner join people
        on mails.recipient_number = people.recipient_number

),

summed as (

    select
        person_number,
        min(first_date) as first_mail_date,
        max(last_human_engagement_at) as last_human_engagement_at,
        max(human_click_date) as last_human_click_date,
        max(possible_engagement_date) as last_possible_engagement_date,
        count(machine_open_date) > 0 as has_machine_opens

    from mails

    group by person_number

),

-- One row per mail and person. Only who is known by several names can have two of one mail.
mails_of_person as (

    select
        person_number,
        sent_date,
        is_received,
        human_open_date,
        human_click_date,
        machine_open_date

    from mails

    where not has_several_addresses

    union all

    select
        person_number,
        max(sent_date) as sent_date,
        bool_or(is_delivered) or (bool_or(is_sent) and not bool_or(is_bounced)) as is_received,
        max(human_open_date) as human_open_date,
        max(human_click_date) as human_click_date,
        max(machine_open_date) as machine_open_date

    from mails

    where has_several_addresses

    group by
        person_number,
        mail_key

),

described as (

    select
        mails_of_person.*,
        coalesce(
            mails_of_person.sent_date > summed.last_possible_engagement_date, true
        ) as is_unanswered

    from mails_of_person

    inner join summed
        on mails_of_person.person_number = summed.person_number

),

counted as (

    select
        person_number,
        {% for days in (30, 90, 365) -%}
        {%- set first_day = as_of_date() ~ " - " ~ (days - 1) -%}
        count(*) filter (where sent_date >= {{ first_day }}) as emails_sent_{{ days }}d,
        count(*) filter (where human_open_date >= {{ first_day }}) as human_opens_{{ days }}d,
        count(*) filter (where human_click_date >= {{ first_day }}) as human_clicks_{{ days }}d,
        count(*) filter (where machine_open_date >= {{ first_day }}) as machine_opens_{{ days }}d,
        {% endfor -%}
        count(*) filter (where is_received and is_unanswered) as emails_unanswered_count

    from described

    group by person_number

)

select
    people.customer_id,
    {% for days in (30, 90, 365) -%}
    counted.emails_sent_{{ days }}d,
    counted.human_opens_{{ days }}d,
    counted.human_clicks_{{ days }}d,
    counted.machine_opens_{{ days }}d,
    {% endfor -%}
    counted.emails_unanswered_count,
    summed.first_mail_date,
    summed.last_human_engagement_at,
    summed.last_human_click_date,
    summed.last_possible_engagement_date,
    summed.has_machine_opens

from counted

inner join summed
    on counted.person_number = summed.person_number

inner join people
    on counted.person_number = people.recipient_number
