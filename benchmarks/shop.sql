-- Makes a shop's records of table drawn_people (person, first_day, is_new) and table purchases
-- (person, day, mean_value, value). Every draw is a pure function of the seed and of what it is
-- for, so neither threads nor row order change the outcome.

-- Hashed once more: DuckDB joins the hashes of several values in a way that keeps draws of one
-- thing for two purposes alike.
create macro draw(purpose, thing) as
    (hash(hash(getvariable('seed') || ' ' || purpose, thing)) >> 11) / 9007199254740992.0;

create macro moment(day, share) as
    getvariable('first_day') + to_days(cast(day as integer))
    + to_seconds(cast(7 * 3600 + floor(share * 15 * 3600) as bigint));

-- One in five never makes an account; some have two, some have changed their address, some add
-- a plus address when they order as guests.
create table people as
select
    person,
    first_day,
    is_new,
    'person' || person || '@' || ['example.com', 'example.net', 'example.org'][1 + person % 3]
        as email,
    case when draw('address', person) < 0.03 then 'before' || person || '@example.com' end
        as old_email,
    draw('account', person) >= 0.2 as has_account,
    draw('second account', person) < 0.04 as has_second_account,
    draw('guest', person) < 0.1 as is_guest_at_times,
    draw('plus', person) < 0.02 as has_plus_address,
    draw('subscription', person) as subscription_draw,
    draw('leaving', person) as leaving_draw,
    cast(first_day + draw('leaving day', person) * 1100 as integer) as leaving_day,
    0.2 + 0.5 * draw('eagerness', person) as eagerness,
    ['en', 'de', 'fr', 'nl'][1 + person % 4] as language,
    ['United Kingdom', 'Germany', 'France', 'Netherlands'][1 + person % 4] as country
from drawn_people;

create table placed as
select
    purchases.*,
    -- Counted per person, so that a draw belongs to a purchase whatever else there is.
    purchases.person * 100000 + row_number() over (
        partition by purchases.person order by purchases.day, purchases.value
    ) as purchase
from purchases;

create table all_orders as
with
drawn as (
    select
        placed.*,
        people.* exclude (person, first_day, is_new),
        moment(day, draw('time', purchase)) as ordered_at,
        draw('how', purchase) as how_draw,
        draw('spelling', purchase) as spelling_draw,
        draw('fate', purchase) as fate_draw,
        draw('settling', purchase) as settling_draw,
        draw('coupon', purchase) < 0.12 as has_coupon
    from placed inner join people using (person)
),
named as (
    select
        *,
        not has_account or (is_guest_at_times and how_draw < 0.2) as is_guest,
        case
            when old_email is not null and day < 548 then old_email
            when has_plus_address and how_draw < 0.1 then replace(email, '@', '+shop@')
            else email
        end as address
    from drawn
)
select
    'o' || lpad(cast(row_number() over (order by ordered_at, purchase) as varchar), 9, '0')
        as order_id,
    ordered_at,
    case
        when is_guest then null
        when has_second_account and how_draw > 0.7 then 'b' || person
        else 'a' || person
    end as customer_id,
    case
        when spelling_draw < 0.1 then upper(address)
        when spelling_draw < 0.15 then ' ' || address
        else address
    end as email,
    cast(value as decimal(18, 2)) as total,
    case when has_coupon then 'WELCOME' || cast(1 + person % 9 as varchar) end as coupon_code,
    fate_draw between 0.5 and 0.501 as is_test,
    case
        when fate_draw < 0.015 then 'cancelled'
        when fate_draw < 0.03 then 'refunded'
        when fate_draw < 0.05 then 'returned in part'
    end as fate,
    moment(day + 1 + floor(settling_draw * 20), settling_draw) as settled_at,
    day
from named;

-- What happens to an order later comes as a second version of its record, in a later file.
create table orders as
select
    order_id,
    ordered_at,
    customer_id,
    email,
    'paid' as status,
    total,
    cast(null as decimal(18, 2)) as refunded,
    cast(null as timestamp) as refunded_at,
    cast(null as timestamp) as cancelled_at,
    coupon_code,
    is_test,
    ordered_at as updated_at,
    day as told_on
from all_orders
union all
select
    order_id,
    ordered_at,
    customer_id,
    email,
    case fate when 'returned in part' then 'paid' else fate end as status,
    total,
    case fate
        when 'refunded' then total
        when 'returned in part' then cast(total / 3 as decimal(18, 2))
    end as refunded,
    case when fate <> 'cancelled' then settled_at end as refunded_at,
    case when fate = 'cancelled' then settled_at end as cancelled_at,
    coupon_code,
    is_test,
    settled_at as updated_at,
    date_diff('day', getvariable('first_day'), cast(settled_at as date)) as told_on
from all_orders
where fate is not null;

create table customers as
with accounts as (
    select *, 'a' || person as customer_id, first_day as registered_on
    from people where has_account
    union all
    select *, 'b' || person as customer_id, first_day + 30 as registered_on
    from people where has_account and has_second_account
)
select
    customer_id,
    email,
    'Name' || cast(person % 500 as varchar) as first_name,
    language,
    country,
    moment(registered_on, 0.1) as registered_at,
    moment(registered_on, 0.1) as updated_at,
    case
        when subscription_draw < 0.75 then 'subscribed'
        when subscription_draw < 0.85 then 'soft_opt_in'
        else 'never'
    end as email_consent,
    moment(registered_on, 0.2) as consent_at,
    person,
    is_new
from accounts;

create table consents as
select
    email,
    'email' as channel,
    'subscribed' as state,
    moment(first_day, 0.3) as "at",
    person,
    is_new
from people
where not has_account and subscription_draw < 0.5;

create table user_agents as
select
    number,
    case
        when number < 6 then 'Mozilla/5.0'
        else 'Mozilla/5.0 (device ' || cast(number as varchar) || ') mail reader'
    end as user_agent
from range(40) as numbers (number);

-- Mails go to whoever has bought and did not leave the list; one row per mail and kind of event.
create macro events_of(mails) as table
with
sent as (
    select
        campaign_id,
        person,
        email,
        sent_at,
        is_last and leaving_draw < 0.02 as is_bounced,
        is_last and leaving_draw >= 0.02 as is_leaving,
        draw('open ' || campaign_id, person) as open_draw,
        draw('click ' || campaign_id, person) as click_draw,
        eagerness,
        cast(floor(draw('reader', person) * 40) as integer) as reader
    from query_table(mails)
),
opened as (
    select *, not is_bounced and open_draw < eagerness as is_opened from sent
),
told as (
    select *, unnest(list_filter([
        {'event': 'sent', 'seconds': 0, 'happens': true},
        {'event': 'delivered', 'seconds': 20, 'happens': not is_bounced},
        {'event': 'bounced', 'seconds': 30, 'happens': is_bounced},
        {'event': 'opened', 'seconds': 60 + cast(open_draw * 90000 as integer),
            'happens': is_opened},
        {'event': 'clicked', 'seconds': 120 + cast(open_draw * 90000 as integer),
            'happens': is_opened and click_draw < 0.15},
        {'event': 'unsubscribed', 'seconds': 95000, 'happens': is_leaving}
    ], lambda one: one.happens)) as one
    from opened
)
select
    printf('%016x', hash(hash(getvariable('seed') || campaign_id || one.event, person))) as event_id,
    email,
    one.event as event,
    sent_at + to_seconds(one.seconds) as occurred_at,
    campaign_id,
    'm' || campaign_id as message_id,
    case when one.event = 'bounced' then 'hard' end as bounce_type,
    case when one.event in ('opened', 'clicked') then user_agent end as user_agent
from told inner join user_agents on told.reader = user_agents.number;

create macro mails_between(from_day, to_day) as table
select
    'c' || cast(campaigns.day as varchar) as campaign_id,
    moment(campaigns.day, 0.2) as sent_at,
    people.person,
    people.email,
    people.eagerness,
    people.leaving_draw,
    people.leaving_draw < 0.15 and people.leaving_day < campaigns.day + 11 as is_last
from range(from_day, to_day) as campaigns (day)
inner join people
    on
        people.first_day < campaigns.day
        and people.subscription_draw < 0.85
        and not people.is_new
        and (people.leaving_draw >= 0.15 or people.leaving_day >= campaigns.day)
where campaigns.day % 11 = 0;
