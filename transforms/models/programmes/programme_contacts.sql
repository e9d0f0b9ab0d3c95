-- When somebody was or is to be contacted, mails of programmes by the day after their step was
-- taken, for whoever was treated and whoever was not alike; what the tool reports of them is left
-- out, as is advertising, which is no contact. A programme's mail to somebody who was on no list of
-- it is a mail like any other.
with

recipients as (

    {{ owned_recipients() }}

),

mails as (

    select
        recipient_number,
        mail_key,
        sent_date

    from {{ ref('int_email_mails') }}

    where sent_date > {{ as_of_date() }} - {{ var('cap_long_days') }}

),

steps as (

    select * from {{ ref('programme_steps_written') }}

    where taken_on < {{ as_of_date() }}

),

of_programmes as (

    select distinct
        events.customer_id,
        events.mail_key

    from {{ ref('programme_mail_events') }} as events

    inner join steps
        on
            events.customer_id = steps.customer_id
            and events.programme = steps.programme
            and events.step = steps.step
            and events.message = steps.message
            and events.occurred_date >= steps.taken_on
            and steps.is_listed

),

programmes as (

    select * from {{ ref('programmes') }}

    where channel <> 'ads'

),

others as (

    select distinct
        recipients.customer_id,
        mails.mail_key,
        mails.sent_date as contacted_on

    from mails

    inner join recipients
        on mails.recipient_number = recipients.recipient_number

    anti join of_programmes
        on
            recipients.customer_id = of_programmes.customer_id
            and mails.mail_key = of_programmes.mail_key

),

contacts as (

    select
        customer_id,
        cast(null as varchar) as programme,
        contacted_on
    from others

    union all

    select
        steps.customer_id,
        steps.programme,
        steps.taken_on + 1 as contacted_on

    from steps

    inner join programmes
        on steps.programme = programmes.programme

)

select * from contacts
