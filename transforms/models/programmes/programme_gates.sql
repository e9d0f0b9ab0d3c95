-- Every gate of facts that is shut for somebody and a programme today, with the values that shut
-- it, in the order in which gates are asked. What depends on the other programmes, on money and on
-- lots is asked afterwards. A contact goes out on the day after the as-of date.
with

questions as (

    select
        questions.customer_id,
        questions.programme,
        questions.is_entry,
        programmes.channel,
        programmes.serves_unhappy,
        programmes.cool_down_days,
        programmes.reentry_days

    from {{ ref('programme_questions') }} as questions

    inner join {{ ref('programmes') }} as programmes
        on questions.programme = programmes.programme

    where programmes.is_on

),

permissions as (

    select * from {{ ref('int_channel_permissions') }}

),

open_orders as (

    select * from {{ ref('int_orders_open_by_customer') }}

),

archived as (

    select * from {{ ref('programme_archived') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

traits as (

    select * from {{ ref('int_category_traits') }}

),

closed_days as (

    select * from {{ ref('closed_days') }}

    where {{ as_of_date() }} + 1 between first_day and last_day

),

contacts as (

    select * from {{ ref('programme_contacts') }}

),

enrolments as (

    select * from {{ ref('programme_enrolments') }}

),

not_permitted as (

    select
        questions.customer_id,
        questions.programme,
        coalesce(permissions.gate, 'consent') as gate,
        coalesce(permissions.forbidden_reason, 'consent: never') as details

    from questions

    left outer join permissions
        on
            questions.customer_id = permissions.customer_id
            and questions.channel = permissions.channel

    where not coalesce(permissions.may_be_contacted, false)

),

waiting_for_goods as (

    select
        questions.customer_id,
        questions.programme,
        'open_order' as gate,
        case when open_orders.has_pending_order then 'an order waits for payment' else 'ordered' end
        || ', last on '
        || cast(open_orders.last_open_order_date as varchar) as details

    from questions

    inner join open_orders
        on questions.customer_id = open_orders.customer_id

),

put_away as (

    select
        questions.customer_id,
        questions.programme,
        'archived' as gate,
        'archived on ' || cast(archived.archived_on as varchar) || ' after ' || archived.programme
            as details

    from questions

    inner join archived
        on questions.customer_id = archived.customer_id

),

unhappy as (

    select
        questions.customer_id,
        questions.programme,
        'unhappy' as gate,
        activity.unhappy_reason as details

    from questions

    inner join activity
        on questions.customer_id = activity.customer_id

    where
        activity.is_unhappy
        and not questions.serves_unhappy

),

out_of_season as (

    select
        questions.customer_id,
        questions.programme,
        'season' as gate,
        traits.category || ' is bought from ' || traits.season_from || ' to ' || traits.season_to
            as details

    from questions

    inner join activity
        on questions.customer_id = activity.customer_id

    inner join traits
        on activity.favourite_category = traits.category

    where
        traits.season_from is not null
        and not {{ is_in_season("strftime(" ~ as_of_date() ~ " + 1, '%m-%d')") }}

),

closed as (

    select
        questions.customer_id,
        questions.programme,
        'season' as gate,
        'the shop is closed until ' || cast(max(closed_days.last_day) as varchar) as details

    from questions

    cross join closed_days

    group by
        questions.customer_id,
        questions.programme

),

counted as (

    select
        customer_id,
        count(*) filter (
            where contacted_on > {{ as_of_date() }} + 1 - {{ var('cap_short_days') }}
        ) as contacts_short,
        count(*) filter (
            where contacted_on > {{ as_of_date() }} + 1 - {{ var('cap_long_days') }}
        ) as contacts_long

    from contacts

    group by customer_id

),

capped as (

    select
        questions.customer_id,
        questions.programme,
        'frequency_cap' as gate,
        cast(counted.contacts_short as varchar)
        || ' contacts in {{ var("cap_short_days") }} days, '
        || cast(counted.contacts_long as varchar)
        || ' in {{ var("cap_long_days") }}' as details

    from questions

    inner join counted
        on questions.customer_id = counted.customer_id

    where
        questions.channel <> 'ads'
        and (
            counted.contacts_short >= {{ var('cap_short_contacts') }}
            or counted.contacts_long >= {{ var('cap_long_contacts') }}
        )

),

cooling_down as (

    select
        questions.customer_id,
        questions.programme,
        'cool_down' as gate,
        'contacted by ' || arg_max(contacts.programme, contacts.contacted_on) || ' on '
        || cast(max(contacts.contacted_on) as varchar) as details

    from questions

    inner join contacts
        on
            questions.customer_id = contacts.customer_id
            and questions.programme <> contacts.programme
            and {{ as_of_date() }} + 1 - questions.cool_down_days < contacts.contacted_on

    where questions.is_entry

    group by
        questions.customer_id,
        questions.programme

),

entered_before as (

    select
        questions.customer_id,
        questions.programme,
        'cool_down' as gate,
        'entered on ' || cast(max(enrolments.entered_on) as varchar) || ', again after '
        || cast(any_value(questions.reentry_days) as varchar) || ' days' as details

    from questions

    inner join enrolments
        on
            questions.customer_id = enrolments.customer_id
            and questions.programme = enrolments.programme
            and {{ as_of_date() }} - questions.reentry_days < enrolments.entered_on

    where questions.is_entry

    group by
        questions.customer_id,
        questions.programme

),

unioned as (

    {% for gate in (
        'not_permitted',
        'waiting_for_goods',
        'put_away',
        'unhappy',
        'out_of_season',
        'closed',
        'capped',
        'cooling_down',
        'entered_before',
    ) -%}
    select * from {{ gate }}
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
),

numbered as (

    select
        unioned.customer_id,
        unioned.programme,
        unioned.gate,
        unioned.details,
        gates.place

    from unioned

    inner join {{ ref('gates') }} as gates
        on unioned.gate = gates.gate

)

select * from numbered
