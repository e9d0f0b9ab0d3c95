-- From each purchase follow the states that its dates announce, until the next purchase; of those
-- that have not begun nothing is told.
with

purchases as (

    select
        customer_id,
        purchase_number,
        purchase_date,
        next_purchase_date,
        usual_gap_days,
        usual_gap_basis,
        own_gap_count,
        case when purchase_number = 1 then 'new' else 'active' end as first_state,
        due_on,
        slipping_on,
        dormant_on,
        long_dormant_on,
        lost_on

    from {{ ref('int_purchases_with_rhythm') }}

),

-- All states of a purchase in one pass: to read the purchases anew for each costs twice as much.
announced as (

    select
        customer_id,
        purchase_number,
        purchase_date,
        next_purchase_date,
        usual_gap_days,
        usual_gap_basis,
        own_gap_count,
        unnest([
            {% for state, valid_from, announced_to in (
                ('first_state', 'purchase_date', 'due_on'),
                ("'due'", 'due_on', 'slipping_on'),
                ("'slipping'", 'slipping_on', 'dormant_on'),
                ("'dormant'", 'dormant_on', 'long_dormant_on'),
                ("'long_dormant'", 'long_dormant_on', 'lost_on'),
                ("'lost'", 'lost_on', 'cast(null as date)'),
            ) -%}
            {
                'lifecycle': {{ state }},
                'valid_from': {{ valid_from }},
                -- Of two ends the earlier, of one that end.
                'ends_on': least({{ announced_to }}, next_purchase_date)
            }{{ "," if not loop.last }}
            {% endfor %}
        ]) as span

    from purchases

),

lifecycle as (

    select
        customer_id,
        span['lifecycle'] as lifecycle,
        span['valid_from'] as valid_from,
        case when span['ends_on'] <= {{ as_of_date() }} then span['ends_on'] end as valid_to,
        purchase_number,
        purchase_date,
        usual_gap_days,
        usual_gap_basis,
        own_gap_count,
        {{ as_of_date() }} as as_of_date

    from announced

    where
        span['valid_from'] <= {{ as_of_date() }}
        and coalesce(span['valid_from'] < next_purchase_date, true)

)

select * from lifecycle
