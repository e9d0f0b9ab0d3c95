-- The four tables as one would write them by hand for this shop and nothing else. Variables as_of,
-- zone and salt are given, the parameters of the churn model stand in warehouse.intermediate, the
-- maps of segments in warehouse.reference; raw is read from warehouse.raw_files.

set variable first_day = date '2022-12-31';

set variable day_starts = (
    select list(timezone('UTC', timezone(getvariable('zone'), cast(day as timestamp))) order by day)
    from range(getvariable('first_day'), getvariable('as_of') + 400, interval 1 day) as days (day)
);

-- East of Greenwich a day begins before it does in UTC.
create macro shop_day(instant) as
    cast(instant as date) + cast(
        instant >= getvariable('day_starts')[
            cast(instant as date) - getvariable('first_day') + 2
        ] as integer
    );

create macro address(written) as
    case
        when regexp_full_match(lower(trim(written)), '[^@\s]+@[^@\s]+\.[^@\s]+')
        then lower(trim(written))
    end;

-- Each spelling of an address is read once.
create table spellings as
select written, address(written) as email, 0 as person
from (
    select distinct email as written from warehouse.raw_files.email_events
    union
    select distinct email from warehouse.raw_files.orders
    union
    select email from warehouse.raw_files.customers
    union
    select email from warehouse.raw_files.consents
)
where written is not null;

-- Few orders have a second version: only those are ranked.
create table order_versions as
with repeated as (
    select order_id from warehouse.raw_files.orders group by order_id having count(*) > 1
),
ranked as (
    select
        orders.*,
        row_number() over (
            partition by orders.order_id
            order by
                case
                    when shop_day(orders.updated_at) > getvariable('as_of') then orders.updated_at
                end nulls first,
                orders.updated_at desc nulls last,
                files.sort_key desc,
                files.load_number desc,
                orders._row_number desc
        ) as place
    from warehouse.raw_files.orders as orders
    inner join repeated using (order_id)
    inner join warehouse.raw_files.loaded_files as files on orders._file_id = files.file_id
)
select order_id, customer_id, email, ordered_at, status, total, refunded, refunded_at,
    cancelled_at, updated_at, coupon_code, is_test
from warehouse.raw_files.orders
where order_id not in (from repeated)
union all by name
select order_id, customer_id, email, ordered_at, status, total, refunded, refunded_at,
    cancelled_at, updated_at, coupon_code, is_test
from ranked
where place = 1;

create table surplus_events as
with repeated as (
    select hash(event_id) as event_hash from warehouse.raw_files.email_events
    group by event_hash having count(*) > 1
)
select rowid as place from warehouse.raw_files.email_events
where hash(event_id) in (from repeated)
qualify row_number() over (
    partition by event_id
    order by
        event in ('unsubscribed', 'complained')
        or (event = 'bounced' and bounce_type is distinct from 'soft') desc,
        _file_id desc,
        _row_number desc
) > 1;

create view events as
select
    email as written,
    event,
    occurred_at,
    shop_day(occurred_at) as occurred_date,
    coalesce(message_id, campaign_id, event_id) as mail_key,
    user_agent,
    is_machine
from warehouse.raw_files.email_events
where rowid not in (from surplus_events);

-- Who is one person: accounts and addresses that are named together. Where an account has one
-- address and that address one account there is nothing to look for.
create table links as
with named as (
    select 'account:files:' || trim(customer_id) as account_key, email as written,
        shop_day(min(ordered_at)) as seen_on
    from order_versions group by all
    union all
    select 'account:files:' || trim(customer_id), email,
        shop_day(coalesce(registered_at, updated_at))
    from warehouse.raw_files.customers
    union all
    select 'account:files:' || trim(customer_id), email, shop_day("at")
    from warehouse.raw_files.consents
    union all
    select null, written, shop_day(min(occurred_at)) from events group by written
)
select named.account_key, 'email:' || spellings.email as email_key, min(seen_on) as seen_on
from named left join spellings using (written)
group by all;

create table keys as
with recursive
seen as (
    select account_key, email_key from links where seen_on <= getvariable('as_of')
),
pairs as (
    select
        account_key,
        email_key,
        count(*) over (partition by account_key) as email_count,
        count(*) over (partition by email_key) as account_count
    from seen where account_key is not null and email_key is not null
),
tangled as (
    select account_key, email_key from pairs where email_count > 1 or account_count > 1
),
edges as (
    select account_key as from_key, email_key as to_key from tangled
    union all
    select email_key, account_key from tangled
),
groups (person_key, group_key) using key (person_key) as (
    select distinct from_key, from_key from edges
    union
    select edges.to_key, min(groups.group_key)
    from groups
    inner join edges on groups.person_key = edges.from_key
    inner join recurring.groups as known on edges.to_key = known.person_key
    where groups.group_key < known.group_key
    group by edges.to_key
),
paired as (
    select person_key, group_key from groups
    union all
    select unnest([account_key, email_key]), account_key
    from pairs where email_count = 1 and account_count = 1
        and account_key not in (select from_key from edges)
        and email_key not in (select from_key from edges)
),
alone as (
    select account_key as person_key from seen where account_key is not null
    union
    select email_key from seen where email_key is not null
)
select person_key, coalesce(group_key, person_key) as group_key
from alone left join paired using (person_key);

create table people as
select
    cast(row_number() over () as integer) as person,
    group_key,
    'c' || left(md5(getvariable('salt') || '|' || group_key), 20) as customer_id
from (select distinct group_key from keys);

create table person_of_key as
select person_key, person from keys inner join people using (group_key);

create table person_of_spelling as
select written, person_of_key.person
from spellings inner join person_of_key on 'email:' || spellings.email = person_of_key.person_key;

-- What each order was and what of it came back, by person.
create table orders as
select
    person_of_key.person,
    shop_day(ordered_at) as ordered_date,
    total,
    coupon_code,
    case when refunded > 0 or status = 'refunded' or cancelled_at is not null
        or status = 'cancelled' then status end as fate,
    refunded,
    shop_day(coalesce(refunded_at, updated_at, ordered_at)) as refunded_date,
    shop_day(coalesce(cancelled_at, updated_at, ordered_at)) as cancelled_date,
    status = 'cancelled' or cancelled_at is not null as is_cancelled
from (
    select *, coalesce(
        'account:files:' || trim(customer_id), 'email:' || spellings.email
    ) as person_key
    from order_versions left join spellings on order_versions.email = spellings.written
) as placed
inner join person_of_key using (person_key)
where
    shop_day(ordered_at) <= getvariable('as_of')
    and not coalesce(is_test, false)
    and coalesce(status, 'paid') in ('paid', 'pending', 'cancelled', 'refunded');

create table settled as
with given_back as (
    select
        *,
        case
            when (refunded > 0 or fate = 'refunded')
                and (not is_cancelled or refunded_date <= cancelled_date)
            then case when refunded > 0 then least(refunded, total) else total end
        end as back
    from orders
)
select
    person,
    ordered_date,
    total,
    coupon_code,
    case when back is not null and refunded_date <= getvariable('as_of') then refunded_date end
        as refunded_date,
    case when refunded_date <= getvariable('as_of') then back end as back,
    case when is_cancelled and cancelled_date <= getvariable('as_of') then cancelled_date end
        as cancelled_date,
    case when is_cancelled and cancelled_date <= getvariable('as_of')
        then total - coalesce(back, 0) end as cancelled
from given_back;

create table refunds as
select person, happened_on, sum(amount) as amount, count(*) filter (where is_return) as return_count
from (
    select person, refunded_date as happened_on, back as amount, true as is_return
    from settled where back is not null
    union all
    select person, cancelled_date, cancelled, false from settled where cancelled_date is not null
)
group by person, happened_on;

create table days as
select
    person,
    ordered_date as day,
    count(*) filter (where is_valid) as order_count,
    count(*) filter (where is_valid and nullif(trim(coupon_code), '') is not null)
        as coupon_order_count,
    sum(total) as paid,
    sum(total - same_day) as revenue
from (
    select
        *,
        coalesce(case when refunded_date <= ordered_date then back end, 0)
        + coalesce(case when cancelled_date <= ordered_date then cancelled end, 0) as same_day,
        total > coalesce(back, 0) + coalesce(cancelled, 0) as is_valid
    from settled where total > 0
)
group by person, ordered_date;

create table purchases as
select
    person,
    day,
    cast(revenue as decimal(18, 4)) as revenue,
    day - lag(day) over history as gap_days,
    row_number() over history as number,
    count(*) over (partition by person) as purchase_count
from days where revenue > 0
window history as (partition by person order by day);

create table buyers as
select
    person,
    min(day) as first_date,
    max(day) as last_date,
    count(*) as purchase_count,
    count(*) filter (where day <= getvariable('as_of') - 30) as purchases_before,
    max(day) filter (where day <= getvariable('as_of') - 30) as last_before,
    sum(revenue) filter (where number > 1) as spent_after_first,
    avg(gap_days) as gap_mean_days,
    percentile_cont(0.5) within group (order by cast(gap_days as double)) as gap_median_days,
    percentile_cont(0.9) within group (order by cast(gap_days as double)) as gap_p90_days,
    count(gap_days) filter (where number > purchase_count - 3) as recent_gap_count,
    count(gap_days) filter (where number <= purchase_count - 3) as earlier_gap_count,
    avg(gap_days) filter (where number > purchase_count - 3) as recent_gap_days,
    avg(gap_days) filter (where number <= purchase_count - 3) as earlier_gap_days,
    count(*) filter (where number <= purchase_count - 3) as earlier_count,
    cast(avg(revenue) filter (where number > purchase_count - 3) as decimal(18, 4))
        as recent_purchase_value,
    cast(avg(revenue) filter (where number <= purchase_count - 3) as decimal(18, 4))
        as earlier_purchase_value,
    avg(log_value) filter (where number > purchase_count - 3) as recent_log_value,
    avg(log_value) filter (where number <= purchase_count - 3) as earlier_log_value,
    avg(log_square) filter (where number > purchase_count - 3) as recent_square,
    avg(log_square) filter (where number <= purchase_count - 3) as earlier_square
from (
    select
        *,
        cast(ln(cast(revenue as double)) as decimal(18, 9)) as log_value,
        cast(power(ln(cast(revenue as double)), 2) as decimal(18, 9)) as log_square
    from purchases
)
group by person;

create table money as
select
    person,
    sum(amount) as revenue,
    sum(amount) filter (where day <= getvariable('as_of') - 30) as revenue_before,
    sum(amount) filter (where day > getvariable('as_of') - 730) as recent_revenue,
    cast(sum(order_count) as bigint) as order_count,
    cast(sum(coupon_order_count) as bigint) as coupon_order_count,
    cast(sum(return_count) as bigint) as return_count
from (
    select person, day, paid as amount, order_count, coupon_order_count, 0 as return_count
    from days
    union all
    select person, happened_on, -amount, 0, 0, return_count from refunds
)
group by person;

create table vips as
select person from buyers where purchase_count >= 10
union
select person from (
    select person, rank() over (order by recent_revenue desc) - 1 as richer_count,
        count(*) over () as spender_count
    from money where recent_revenue > 0
)
where richer_count < 0.1 * spender_count;

-- The shop's cycle at the start of each month, and from it when each buyer becomes what.
create table cycles as
with by_month as (
    select date_trunc('month', day) as month, count(*) as gap_count, sum(gap_days) as gap_days
    from purchases where gap_days is not null group by month
),
newcomers as (
    select date_trunc('month', day) as month, count(*) as customer_count
    from purchases where number = 2 group by month
),
months as (select distinct date_trunc('month', day) as month from purchases),
summed as (
    select
        months.month,
        sum(gap_count) as gap_count,
        sum(gap_days) as gap_days,
        sum(coalesce(customer_count, 0)) as customer_count
    from months
    inner join by_month on months.month > by_month.month
    left join newcomers on by_month.month = newcomers.month
    group by months.month
)
select month, cast((2 * gap_days + gap_count) // (2 * gap_count) as integer) as cycle_days
from summed
where customer_count >= 100 and month >= (select min(first_date) + 365 from buyers);

create macro days_up(numerator, denominator) as
    cast((numerator + denominator - 1) // denominator as integer);

create table rhythm as
with usual as (
    select
        person,
        first_date,
        last_date,
        purchase_count,
        coalesce(cycle_days, 60) as cycle_days,
        case when cycle_days is null then 'default' else 'shop' end as usual_gap_basis,
        2 * coalesce(cycle_days, 60) + (last_date - first_date) as numerator,
        1 + purchase_count as denominator
    from buyers left join cycles on date_trunc('month', last_date) = month
),
bounded as (
    select
        *,
        case when 3 * numerator < 45 * denominator then 45
            when 3 * numerator > 1095 * denominator then 1095 else 3 * numerator end as top,
        case when 3 * numerator < 45 * denominator then 1
            when 3 * numerator > 1095 * denominator then 1 else denominator end as bottom
    from usual
)
select
    person,
    first_date,
    first_date < min(first_date) over () + 60 as is_before_records,
    cycle_days,
    usual_gap_basis,
    purchase_count - 1 as own_gap_count,
    numerator / denominator as usual_gap_days,
    top / bottom as dormancy_limit_days,
    last_date + days_up(numerator, denominator) as next_purchase_expected_date,
    last_date + days_up(top, 3 * bottom) as due_on,
    last_date + days_up(2 * top, 3 * bottom) as slipping_on,
    last_date + days_up(top, bottom) as dormant_on,
    last_date + days_up(2 * top, bottom) as long_dormant_on,
    last_date + days_up(3 * top, bottom) as lost_on
from bounded;

-- What became of each mail, and of all of a person's.
create table mails as
with agents as (
    select user_agent, regexp_matches(
        lower(user_agent),
        (select string_agg(pattern, '|' order by pattern)
            from warehouse.reference.machine_user_agents)
    ) as is_machine_agent
    from (
        select distinct user_agent from events
        where event in ('opened', 'clicked') and nullif(trim(user_agent), '') is not null
    )
),
judged as (
    select
        person_of_spelling.person,
        events.mail_key,
        events.event,
        events.occurred_at,
        events.occurred_date,
        case
            when events.event not in ('opened', 'clicked') then null
            when events.is_machine or agents.is_machine_agent then false
            when not events.is_machine or events.event = 'clicked' then true
            when not agents.is_machine_agent then true
        end as is_human
    from events
    inner join person_of_spelling using (written)
    left join agents using (user_agent)
    where events.occurred_date <= getvariable('as_of')
)
select
    person,
    min(occurred_date) as first_date,
    max(occurred_date) filter (where event in ('sent', 'delivered')) as sent_date,
    bool_or(event = 'delivered') as is_delivered,
    bool_or(event = 'sent') as is_sent,
    bool_or(event = 'bounced') as is_bounced,
    max(occurred_date) filter (where event = 'opened' and is_human) as human_open_date,
    max(occurred_date) filter (where event = 'clicked' and is_human) as human_click_date,
    max(occurred_date) filter (where event = 'opened' and not is_human) as machine_open_date,
    max(occurred_date) filter (where event = 'opened' and is_human is null) as unexplained_date,
    max(occurred_at) filter (where is_human) as engaged_at
from judged
group by person, mail_key;

create table engagement as
with last_dates as (
    select person, max(greatest(human_open_date, human_click_date, unexplained_date))
        as last_possible_engagement_date
    from mails group by person
)
select
    person,
    count(*) filter (where sent_date > getvariable('as_of') - 30) as emails_sent_30d,
    count(*) filter (where sent_date > getvariable('as_of') - 90) as emails_sent_90d,
    count(*) filter (where sent_date > getvariable('as_of') - 365) as emails_sent_365d,
    count(*) filter (where human_open_date > getvariable('as_of') - 30) as human_opens_30d,
    count(*) filter (where human_open_date > getvariable('as_of') - 90) as human_opens_90d,
    count(*) filter (where human_open_date > getvariable('as_of') - 365) as human_opens_365d,
    count(*) filter (where human_click_date > getvariable('as_of') - 30) as human_clicks_30d,
    count(*) filter (where human_click_date > getvariable('as_of') - 90) as human_clicks_90d,
    count(*) filter (where human_click_date > getvariable('as_of') - 365) as human_clicks_365d,
    count(*) filter (where machine_open_date > getvariable('as_of') - 30) as machine_opens_30d,
    count(*) filter (where machine_open_date > getvariable('as_of') - 90) as machine_opens_90d,
    count(*) filter (where machine_open_date > getvariable('as_of') - 365) as machine_opens_365d,
    count(*) filter (
        where (is_delivered or (is_sent and not is_bounced))
            and coalesce(sent_date > last_possible_engagement_date, true)
    ) as emails_unanswered_count,
    min(first_date) as first_mail_date,
    max(engaged_at) as last_human_engagement_at,
    max(human_click_date) as last_human_click_date,
    max(last_possible_engagement_date) as last_possible_engagement_date,
    coalesce(bool_or(machine_open_date is not null), false) as has_machine_opens
from mails inner join last_dates using (person)
group by person;

create table customer_activity as
select
    customer_id,
    first_date as first_purchase_date,
    last_date as last_purchase_date,
    coalesce(is_before_records, false) as is_before_records,
    coalesce(purchase_count, 0) as purchase_count,
    coalesce(order_count, 0) as order_count,
    cast(coalesce(revenue, 0) as decimal(18, 2)) as revenue,
    cast(round(revenue / nullif(order_count, 0), 2) as decimal(18, 2)) as average_order_value,
    getvariable('as_of') - first_date as tenure_days,
    getvariable('as_of') - last_date as days_since_last_purchase,
    gap_mean_days,
    gap_median_days,
    gap_p90_days,
    usual_gap_days,
    usual_gap_basis,
    cycle_days,
    own_gap_count,
    dormancy_limit_days,
    next_purchase_expected_date,
    coalesce(coupon_order_count, 0) as coupon_order_count,
    coalesce(return_count, 0) as return_count,
    coalesce(columns(
        '(emails_sent|human_opens|human_clicks|machine_opens)_[0-9]+d|emails_unanswered_count'
    ), 0) as "\0",
    first_mail_date,
    last_human_engagement_at,
    last_human_click_date,
    last_possible_engagement_date,
    coalesce(has_machine_opens, false) as has_machine_opens,
    person in (from vips) as is_vip,
    coalesce(purchase_count, 0) * 365
        / nullif(greatest(getvariable('as_of') - first_date, 365), 0) as orders_per_year,
    (getvariable('as_of') - last_date) / usual_gap_days as overdue_ratio
from people
left join buyers using (person)
left join (from rhythm select * exclude (first_date)) using (person)
left join money using (person)
left join engagement using (person);

create table customer_rfm as
with scored as (
    select
        person,
        getvariable('as_of') - last_date as recency_days,
        purchase_count as frequency,
        cast(coalesce(revenue, 0) as decimal(18, 2)) as monetary,
        getvariable('as_of') - 30 - last_before as recency_before,
        nullif(purchases_before, 0) as frequency_before,
        cast(coalesce(revenue_before, 0) as decimal(18, 2)) as monetary_before
    from buyers inner join money using (person)
),
ranked as (
    select
        *,
        count(*) over () as buyer_count,
        rank() over (order by recency_days desc) - 1 as staler,
        rank() over (order by frequency) - 1 as rarer,
        rank() over (order by monetary) - 1 as poorer
    from scored
),
ranked_before as (
    select
        person,
        1 + 5 * (rank() over (order by recency_before desc) - 1) // count(*) over () as r_score,
        1 + 5 * (rank() over (order by frequency_before) - 1) // count(*) over () as f_score,
        1 + 5 * (rank() over (order by monetary_before) - 1) // count(*) over () as m_score
    from scored where frequency_before is not null
),
now as (
    select
        * exclude (staler, rarer, poorer, buyer_count),
        cast(1 + 5 * staler // buyer_count as integer) as r_score,
        cast(1 + 5 * rarer // buyer_count as integer) as f_score,
        cast(1 + 5 * poorer // buyer_count as integer) as m_score
    from ranked
)
select
    customer_id,
    recency_days,
    frequency,
    monetary,
    now.r_score,
    now.f_score,
    now.m_score,
    printf('%d%d%d', now.r_score, now.f_score, now.m_score) as rfm_score,
    segments.segment,
    stages.stage,
    earlier.segment as previous_segment
from now
inner join people using (person)
left join ranked_before using (person)
left join warehouse.reference.rfm_segments as segments
    on now.r_score between segments.r_from and segments.r_to
    and now.f_score between segments.f_from and segments.f_to
    and now.m_score between segments.m_from and segments.m_to
left join warehouse.reference.rfm_stages as stages
    on now.r_score between stages.r_from and stages.r_to
    and now.f_score between stages.f_from and stages.f_to
    and now.m_score between stages.m_from and stages.m_to
left join warehouse.reference.rfm_segments as earlier
    on ranked_before.r_score between earlier.r_from and earlier.r_to
    and ranked_before.f_score between earlier.f_from and earlier.f_to
    and ranked_before.m_score between earlier.m_from and earlier.m_to;

-- The mean time until being lost: the area below the curve of Kaplan and Meier.
create table relationship as
with durations as (
    select
        least(lost_on, getvariable('as_of')) - first_date as days,
        count(*) filter (where lost_on <= getvariable('as_of')) as lost_count,
        count(*) as customer_count
    from rhythm where not is_before_records group by days
),
at_risk as (
    select days, lost_count, sum(customer_count) over (order by days desc) as at_risk_count
    from durations
),
curve as (
    select
        days,
        case when lost_count = at_risk_count then 0 else exp(cast(sum(
            case when lost_count < at_risk_count then cast(
                ln((at_risk_count - lost_count) / at_risk_count) as decimal(38, 18)) end
        ) over (order by days) as double)) end as share_left
    from at_risk
),
steps as (
    select
        days - coalesce(lag(days) over (order by days), 0) as days_before,
        coalesce(lag(share_left) over (order by days), 1) as share_before
    from curve
)
select greatest(coalesce(
    cast(sum(cast(share_before * days_before as decimal(38, 12))) as double) / 365, 1
), 1) as relationship_years
from steps;

create table scores as
with fit as (
    select * from warehouse.intermediate.int_churn_model_fits where cutoff_kind = 'as_of'
),
expectations as (
    select pair['repeat_count'] as x, pair['age_days'] as age,
        pair['expected_90d'] as near, pair['expected_365d'] as far
    from (select unnest(expectations) as pair from fit)
),
quantiles as (
    select cell['repeat_cell'] as x_cell, cell['age_cell'] as age_cell,
        cell['quantiles'] as quantiles
    from (select unnest(spend_quantiles) as cell from fit)
),
histories as (
    select
        person,
        purchase_count - 1 as x,
        getvariable('as_of') - buyers.first_date as age,
        last_date - buyers.first_date as t_x,
        usual_gap_days,
        cast(spent_after_first / nullif(purchase_count - 1, 0) as decimal(18, 4)) as repeat_value,
        case when purchase_count <= 21 then purchase_count - 1 else cast(
            round(20 * power(1.1, round(ln((purchase_count - 1) / 20) / ln(1.1)))) as bigint
        ) end as x_cell,
        (getvariable('as_of') - buyers.first_date) // 28 * 28 + 14 as age_cell
    from buyers inner join rhythm using (person)
),
odds as (
    select
        histories.*,
        fit.* exclude (expectations, spend_quantiles, season_index),
        spend_p * x / (spend_p * x + spend_q - 1) as own_weight,
        1 / (1 + exp(least(ln(a / (b + x)) + (r + x) * ln(
            (alpha + age / 7) / (alpha + t_x / 7)
        ), 700))) as p_alive,
        (r + x) * ln((alpha + age / 7) / (alpha + age / 7 + 90.0 / 7 * season_factor_90d))
            as log_waiting
    from histories cross join fit
),
chances as (
    select
        *,
        least(greatest(p_alive * (1 - exp(log_waiting)), 1e-9), 1 - 1e-9) as p_buys
    from odds
)
select
    person,
    p_alive,
    1 / (1 + exp(-calibration_intercept - calibration_slope * ln(p_buys / (1 - p_buys))))
        as p_buys_90d,
    p_alive * near as expected_purchases_90d,
    p_alive * far as expected_purchases_365d,
    (1 - own_weight) * spend_mean + own_weight * coalesce(cast(repeat_value as double), 0)
        as expected_order_value,
    case when p_alive <= 0.9 then 0 * quantiles[1]
        else quantiles[1 + cast(round(100 * (1 - 0.9 / p_alive)) as integer)] end as spend_low,
    case when p_alive <= 0.1 then 0 * quantiles[1]
        else quantiles[1 + cast(round(100 * (1 - 0.1 / p_alive)) as integer)] end as spend_high,
    p_alive * near / season_factor_90d * usual_gap_days / 90 as habit_left_ratio
from chances
inner join expectations using (x, age)
left join quantiles using (x_cell, age_cell);

create table customer_churn as
with worth as (
    select coalesce(max(amount) filter (where cost = 'margin_share'), 1)
        * (1 - 1 / (1 + 0.1)) / ln(1 + 0.1) as worth_of_spending
    from warehouse.reference.costs
),
joined as (
    select
        customer_id,
        case
            when lost_on <= getvariable('as_of') then 'lost'
            when long_dormant_on <= getvariable('as_of') then 'long_dormant'
            when dormant_on <= getvariable('as_of') then 'dormant'
            when slipping_on <= getvariable('as_of') then 'slipping'
            when due_on <= getvariable('as_of') then 'due'
            when buyers.purchase_count = 1 then 'new'
            else 'active'
        end as lifecycle,
        case
            when lost_on <= getvariable('as_of') then lost_on
            when long_dormant_on <= getvariable('as_of') then long_dormant_on
            when dormant_on <= getvariable('as_of') then dormant_on
            when slipping_on <= getvariable('as_of') then slipping_on
            when due_on <= getvariable('as_of') then due_on
            else last_date
        end as lifecycle_since,
        activity.overdue_ratio,
        slipping_on,
        dormant_on,
        long_dormant_on,
        lost_on,
        case when is_fitted then p_alive end as p_alive,
        case when is_fitted then p_buys_90d end as p_buys_90d,
        case when is_fitted then expected_purchases_90d end as expected_purchases_90d,
        case when is_fitted then expected_purchases_365d end as expected_purchases_365d,
        case when is_spend_fitted then expected_order_value end as expected_order_value,
        case when is_spend_fitted
            then expected_order_value * expected_purchases_365d * worth_of_spending
        end as predicted_value_365d,
        case when is_spend_fitted then expected_order_value * spend_low * worth_of_spending end
            as predicted_value_365d_low,
        case when is_spend_fitted then expected_order_value * spend_high * worth_of_spending end
            as predicted_value_365d_high,
        cast(
            activity.average_order_value * activity.orders_per_year * relationship_years
            as decimal(18, 2)
        ) as simple_lifetime_value,
        coalesce(recent_gap_count >= 3 and earlier_gap_count >= 3
            and ln(nullif(recent_gap_days, 0) / nullif(earlier_gap_days, 0)) > 2.0 * sqrt(
                1.0 / nullif(recent_gap_count, 0) + 1.0 / nullif(earlier_gap_count, 0)
            ), false) as is_buying_less_often,
        recent_gap_days,
        earlier_gap_days,
        coalesce(earlier_count >= 3
            and earlier_log_value - recent_log_value > 2.0 * sqrt(greatest(
                3 * (recent_square - recent_log_value * recent_log_value)
                + earlier_count * (earlier_square - earlier_log_value * earlier_log_value), 0
            ) / nullif(3 + earlier_count - 2, 0) * (1.0 / 3 + 1.0 / nullif(earlier_count, 0)))
            and recent_purchase_value < (1 - 0.2) * earlier_purchase_value, false)
            as is_spending_less,
        cast(recent_purchase_value as decimal(18, 2)) as recent_purchase_value,
        cast(earlier_purchase_value as decimal(18, 2)) as earlier_purchase_value,
        rhythm.own_gap_count >= 3 and activity.overdue_ratio > 1
        and activity.days_since_last_purchase > buyers.gap_p90_days as is_overdue,
        case when is_fitted then habit_left_ratio end as habit_left_ratio,
        prediction_status
    from buyers
    inner join people using (person)
    inner join rhythm using (person)
    inner join customer_activity as activity using (customer_id)
    cross join relationship
    cross join worth
    cross join warehouse.intermediate.int_churn_model_verdict
    left join scores using (person)
),
ranked as (
    select
        *,
        rank() over (
            order by coalesce(predicted_value_365d, simple_lifetime_value) desc nulls last
        ) - 1 as richer,
        count(*) over () as buyer_count
    from joined
)
select
    * exclude (richer, buyer_count),
    case
        when habit_left_ratio >= 0.6667 then 'low'
        when habit_left_ratio >= 0.3333 then 'medium'
        when habit_left_ratio is not null then 'high'
    end as risk_band,
    case
        when richer < 0.1 * buyer_count then 'top'
        when richer < 0.3 * buyer_count then 'high'
        when richer < 0.6 * buyer_count then 'middle'
        else 'low'
    end as value_band
from ranked;

create table segment_members as
select customer_id, 'vip' as segment from customer_activity where is_vip
union all
select customer_id, unnest(list_filter(
    [lifecycle, case when lifecycle in ('dormant', 'long_dormant') and purchase_count >= 3
        and not is_vip then 'passive_regulars' end],
    lambda one: one in ('new', 'slipping', 'dormant', 'long_dormant', 'passive_regulars')
))
from customer_churn inner join customer_activity using (customer_id)
union all
select customer_id, 'never_engaged'
from (
    select *, 180 * case when has_machine_opens then 2 else 1 end as silence
    from customer_activity
    where emails_unanswered_count >= 8
)
where
    first_mail_date <= getvariable('as_of') - silence
    and coalesce(last_possible_engagement_date <= getvariable('as_of') - silence, true)
    and coalesce(days_since_last_purchase >= silence, true);
