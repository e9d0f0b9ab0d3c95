-- stream: members
with

-- An address that Mailchimp gave up: it bounced for good, or softly too often. The bounces may be
-- older than the reports that were read.
mapped as (

    select
        row_number,
        concat_ws('-', 'cleaned', record ->> '$.id', record ->> '$.last_changed') as event_id,
        record ->> '$.email_address' as email,
        'bounced' as event,
        record ->> '$.last_changed' as occurred_at,
        'hard' as bounce_type

    from records

    where (record ->> '$.status') = 'cleaned'

)

select * from mapped
