with

recipients as (

    {{ owned_recipients() }}

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

-- By address first, so that whole mails are not joined for it.
summed_by_recipient as (

    select
        recipient_number,
        min(first_date) as first_mail_date,
        max(last_human_engagement_at) as last_human_engagement_at,
        max(human_click_date) as last_human_click_date,
        -- An open that nothing tells about may have been a person's.
        max(greatest(human_open_date, human_click_date, unexplained_open_date))
            as last_possible_engagement_date,
        count(machine_open_date) > 0 as has_machine_opens

    from {{ ref('int_email_mails') }}

    group by recipient_number

),

summed as (

    select
        people.person_number,
        min(summed_by_recipient.first_mail_date) as first_mail_date,
        max(summed_by_recipient.last_human_engagement_at) as last_human_engagement_at,
        max(summed_by_recipient.last_human_click_date) as last_human_click_date,
        max(summed_by_recipient.last_possible_engagement_date) as last_possible_engagement_date,
        bool_or(summed_by_recipient.has_machine_opens) as has_machine_opens

    from summed_by_recipient

    inner join people
        on summed_by_recipient.recipient_number = people.recipient_number

    group by people.person_number

),

engaged as (

    select
        people.recipient_number,
        people.person_number,
        people.has_several_addresses,
        summed.last_possible_engagement_date

    from people

    inner join summed
        on people.person_number = summed.person_number

),

-- Asked twice: to keep all mails in between costs more than to read them again.
mails as not materialized (

    select
        engaged.person_number,
        engaged.has_several_addresses,
        engaged.last_possible_engagement_date,
        mails.mail_key,
        mails.sent_date,
        mails.is_delivered,
        mails.is_sent,
        mails.is_bounced,
        mails.human_open_date,
        mails.human_click_date,
        mails.machine_open_date

    from {{ ref('int_email_mails') }} as mails

    inner join engaged
        on mails.recipient_number = engaged.recipient_number

),

-- One row per mail and person. Only who is known by several names can have two of one mail.
mails_of_person as (

    select
        person_number,
        last_possible_engagement_date,
        sent_date,
        is_delivered or (is_sent and not is_bounced) as is_received,
        human_open_date,
        human_click_date,
        machine_open_date

    from mails

    where not has_several_addresses

    union all

    select
        person_number,
        last_possible_engagement_date,
        max(sent_date) as sent_date,
        bool_or(is_delivered) or (bool_or(is_sent) and not bool_or(is_bounced)) as is_received,
        max(human_open_date) as human_open_date,
        max(human_click_date) as human_click_date,
        max(machine_open_date) as machine_open_date

    from mails

    where has_several_addresses

    group by
        person_number,
        last_possible_engagement_date,
        mail_key

),

described as (

    select
        *,
        is_received and coalesce(sent_date > last_possible_engagement_date, true) as is_unanswered

    from mails_of_person

),

-- Mails of which nothing is counted any more are many.
counting as (

    select * from described

    where
        is_unanswered
        or greatest(sent_date, human_open_date, human_click_date, machine_open_date)
        >= {{ as_of_date() }} - 364

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
        count(*) filter (where is_unanswered) as emails_unanswered_count

    from counting

    group by person_number

)

select
    people.customer_id,
    {% for days in (30, 90, 365) -%}
    coalesce(counted.emails_sent_{{ days }}d, 0) as emails_sent_{{ days }}d,
    coalesce(counted.human_opens_{{ days }}d, 0) as human_opens_{{ days }}d,
    coalesce(counted.human_clicks_{{ days }}d, 0) as human_clicks_{{ days }}d,
    coalesce(counted.machine_opens_{{ days }}d, 0) as machine_opens_{{ days }}d,
    {% endfor -%}
    coalesce(counted.emails_unanswered_count, 0) as emails_unanswered_count,
    summed.first_mail_date,
    summed.last_human_engagement_at,
    summed.last_human_click_date,
    summed.last_possible_engagement_date,
    summed.has_machine_opens

from summed

inner join people
    on summed.person_number = people.recipient_number

left outer join counted
    on summed.person_number = counted.person_number
