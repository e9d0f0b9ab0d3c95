-- Makes the simulated people, consents and e-mail events that go with the orders in table lines.
-- Every draw is a pure function of what it is for, so neither threads nor row order nor the version
-- of a library change the outcome: the same orders give the same rows.

set variable seed = 'winback-1';

create macro draw(purpose, customer, send) as cast(
    '0x' || substr(
        md5(concat_ws('|', getvariable('seed'), purpose, customer, send)), 1, 8
    ) as bigint
) / 4294967296.0;

create macro seconds_up_to(share, longest) as
    to_seconds(cast(floor(share * longest) as bigint));

-- People sleep. It also keeps their times off the hours that the clock skips or shows twice.
create macro awake(moment) as
    case when hour(moment) < 6 then moment + interval 6 hour else moment end;

create table people as
with seen as (
    select
        cast("Customer ID" as varchar) as customer_id,
        min("InvoiceDate") as first_at,
        arg_max("Country", ("InvoiceDate", "Invoice", "StockCode", "Quantity", "Price",
            "Description", "Country")) as country,
    from lines where "Customer ID" is not null group by "Customer ID"
),
drawn as (
    select
        *,
        draw('state', customer_id, '') as state_draw,
        draw('reader', customer_id, '') as reader_draw,
        draw('agent', customer_id, '') as agent_draw,
        draw('silent', customer_id, '') < 0.04 as is_silent,
        0.5 + draw('eagerness', customer_id, '') as eagerness,
        draw('leaving', customer_id, '') as leaving_draw,
        case
            when state_draw < 0.83 then 'subscribed' when state_draw < 0.95 then 'never'
            when state_draw < 0.98 then 'soft_opt_in' else 'pending'
        end as first_state,
    from seen
),
leaving as (
    select
        customer_id,
        row_number() over (order by leaving_draw, customer_id) as place,
    from drawn where first_state = 'subscribed' and first_at < timestamp '2011-09-01'
)
select
    drawn.* exclude (state_draw, reader_draw, agent_draw, leaving_draw),
    case country
        when 'Germany' then 'de' when 'Austria' then 'de' when 'Switzerland' then 'de'
        when 'France' then 'fr' when 'Belgium' then 'fr' when 'Netherlands' then 'nl'
        when 'Spain' then 'es' when 'Italy' then 'it' when 'Portugal' then 'pt'
        when 'Sweden' then 'sv' when 'Norway' then 'no' when 'Denmark' then 'da'
        when 'Finland' then 'fi' when 'Poland' then 'pl' when 'Greece' then 'el'
        when 'Japan' then 'ja' else 'en'
    end as language,
    case when reader_draw < 0.20 then 'proxy' when reader_draw < 0.22 then 'scanner'
        else 'plain' end as reader,
    case
        when agent_draw < 0.45 then 'Mozilla/5.0 (Windows NT 6.1) Outlook/14.0'
        when agent_draw < 0.70 then 'Mozilla/5.0 (Macintosh) AppleMail/4.5'
        when agent_draw < 0.88 then 'Mozilla/5.0 (iPhone) Mobile Mail'
        else 'Mozilla/5.0 (X11; Linux) Thunderbird/3.1'
    end as user_agent,
    case when place <= 5 then 'objected' when place <= 8 then 'redacted' end as last_state,
    -- Tuesdays before a newsletter, so that nothing of the one before is still to come.
    case when place <= 8
        then timestamp '2011-10-04 09:30' + to_days(14 * cast(place % 5 as integer))
    end as left_at,
from drawn left join leaving using (customer_id);

create table candidates as
with newsletters as (
    select unnest(generate_series(
        timestamp '2009-12-17 10:00', timestamp '2011-12-08 10:00', interval 14 day
    )) as sent_at
),
purchases as (
    select
        customer_id, bought_at,
        lead(bought_at, 1, timestamp '9999-01-01') over (
            partition by customer_id order by bought_at
        ) as next_bought_at,
    from (
        select distinct cast("Customer ID" as varchar) as customer_id, "InvoiceDate" as bought_at,
        from lines where "Customer ID" is not null and not starts_with("Invoice", 'C')
    )
),
readers as (
    select people.*, sent_at, strftime(sent_at, '%Y-%m-%d') as send,
    from people inner join newsletters on sent_at > first_at
    where first_state = 'subscribed' and (left_at is null or sent_at < left_at)
),
aged as (
    select
        readers.*,
        coalesce(date_diff('day', bought_at, sent_at), 9999) as silent_days,
        draw('bounce', readers.customer_id, send) as bounce_draw,
        draw('reaction', readers.customer_id, send) as reaction_draw,
        sent_at + interval 2 second
            + seconds_up_to(draw('delivery', readers.customer_id, send), 600) as delivered_at,
    from readers left join purchases
        on readers.customer_id = purchases.customer_id
            and sent_at >= bought_at and sent_at < next_bought_at
)
select
    * exclude (bounce_draw, reaction_draw),
    case when bounce_draw < 0.0004 then 'hard' when bounce_draw < 0.0064 then 'soft'
    end as bounce_type,
    case
        when bounce_type is not null or is_silent then null
        when reaction_draw < 0.0002 then 'complained'
        when reaction_draw < 0.0002 + case
            when silent_days <= 60 then 0.0016 when silent_days <= 180 then 0.0021
            when silent_days <= 365 then 0.0028 else 0.0040 end then 'unsubscribed'
    end as reaction,
    awake(delivered_at + interval 1 minute
        + seconds_up_to(draw('reacting', customer_id, send), 86400)) as reacted_at,
from aged;

create table departures as
select
    customer_id,
    min(sent_at) as departed_after,
    arg_min(reacted_at, sent_at) + to_days(
        30 + cast(floor(draw('absence', customer_id, '') * 120) as integer)
    ) as return_at,
    -- Some come back; who did so stays.
    case when draw('return', customer_id, '') < 0.03
        and return_at < least(timestamp '2011-12-01', any_value(left_at))
        then return_at
    end as returned_at,
from candidates where reaction = 'unsubscribed' group by customer_id;

create table mails as
with sendable as (
    select
        candidates.* exclude (reaction),
        returned_at,
        case when reaction = 'complained' or sent_at = departed_after then reaction
        end as reaction,
    from candidates left join departures using (customer_id)
    where departed_after is null or sent_at <= departed_after or sent_at > returned_at
),
ended as (
    select customer_id, min(sent_at) as last_sent_at,
    from sendable where bounce_type = 'hard' or reaction = 'complained' group by customer_id
),
sent as (
    select sendable.*,
    from sendable left join ended using (customer_id)
    where last_sent_at is null or sent_at <= last_sent_at
),
read as (
    select
        *,
        bounce_type is null and not is_silent and draw('opening', customer_id, send)
            < eagerness * case
                when silent_days <= 60 then 0.42 when silent_days <= 180 then 0.30
                when silent_days <= 365 then 0.18 else 0.08 end as is_read,
        draw('haste', customer_id, send) as haste,
        awake(delivered_at + interval 20 second
            + seconds_up_to(haste * haste * haste * haste, 216000)) as read_at,
    from sent
)
select
    *,
    'simulated-' || strftime(sent_at, '%Y%m%d') || '-' || customer_id as message_id,
    is_read and draw('click', customer_id, send) < 0.18 as is_clicked,
    -- A privacy proxy fetches the pictures itself: that a person looked rarely shows.
    is_read and (reader <> 'proxy' or draw('shown', customer_id, send) < 0.1) as is_seen,
    is_seen and draw('again', customer_id, send) < 0.15 as is_seen_again,
from read;

create table simulated_customers as
select
    customer_id,
    'customer-' || customer_id || '@example.com' as email,
    language, country, first_at as registered_at,
from people;

create table simulated_consents as
with answers as (
    select customer_id, 'email' as channel, first_state as state, first_at as "at" from people
    union all select customer_id, channel, 'subscribed', first_at
    from people inner join (values ('sms', 0.1), ('phone', 0.1), ('ads', 0.3))
        as channels (channel, share) on draw(channel, customer_id, '') < share
),
changes as (
    select * from answers
    union all select customer_id, 'email', 'unsubscribed', reacted_at
    from mails where reaction is not null
    union all select customer_id, 'email', 'subscribed', returned_at
    from mails where reaction = 'unsubscribed' and returned_at is not null
    union all select answers.customer_id, channel, last_state, left_at
    from answers inner join people using (customer_id) where last_state is not null
)
select
    customer_id,
    'customer-' || customer_id || '@example.com' as email,
    channel, state, "at", 'simulated' as source,
from changes;

create table simulated_email_events as
with kinds as (
    select *, 'sent' as kind, 'sent' as event, sent_at as occurred_at from mails
    union all select *, 'delivered', 'delivered', delivered_at
    from mails where bounce_type is null
    union all select *, 'bounced', 'bounced', delivered_at
    from mails where bounce_type is not null
    union all select *, 'opened', 'opened', read_at from mails where is_seen
    union all select *, 'opened-again', 'opened', awake(read_at + interval 5 minute
        + seconds_up_to(draw('later', customer_id, send), 36000))
    from mails where is_seen_again
    union all select *, 'clicked', 'clicked', read_at + interval 5 second
        + seconds_up_to(draw('finding', customer_id, send), 240)
    from mails where is_clicked
    union all select *, 'opened-by-proxy', 'opened', delivered_at + interval 1 minute
        + seconds_up_to(draw('proxy', customer_id, send), 1500)
    from mails where bounce_type is null and reader = 'proxy'
    union all select *, 'clicked-by-scanner', 'clicked', delivered_at + interval 1 second
        + seconds_up_to(draw('scanner', customer_id, send), 8)
    from mails where bounce_type is null and reader = 'scanner'
    union all select *, reaction, reaction, reacted_at
    from mails where reaction is not null
)
select
    message_id || '-' || kind as event_id,
    customer_id,
    'customer-' || customer_id || '@example.com' as email,
    event,
    occurred_at,
    'simulated-newsletter-' || send as campaign_id,
    message_id,
    case when event = 'bounced' then bounce_type end as bounce_type,
    case when event in ('opened', 'clicked') then contains(kind, '-by-') end as is_machine,
    case
        when kind = 'opened-by-proxy' then 'Mozilla/5.0'
        when kind = 'clicked-by-scanner' then 'Mozilla/5.0 (compatible; MailLinkScanner/1.0)'
        when event in ('opened', 'clicked') then user_agent
    end as user_agent,
from kinds;
