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

announced as (

    {% for state, valid_from, announced_to in (
        ('first_state', 'purchase_date', 'due_on'),
        ("'due'", 'due_on', 'slipping_on'),
        ("'slipping'", 'slipping_on', 'dormant_on'),
        ("'dormant'", 'dormant_on', 'long_dormant_on'),
        ("'long_dormant'", 'long_dormant_on', 'lost_on'),
        ("'lost'", 'lost_on', 'cast(null as date)'),
    ) -%}
    select
        customer_id,
        {{ state }} as lifecycle,
        {{ valid_from }} as valid_from,
        -- Of two ends the earlier, of one that end.
        least({{ announced_to }}, next_purchase_date) as announced_to,
        purchase_number,
        purchase_date,
        usual_gap_days,
        usual_gap_basis,
        own_gap_count

    from purchases

    where
        {{ valid_from }} <= {{ as_of_date() }}
        and coalesce({{ valid_from }} < next_purchase_date, true)
    {{ "union all" if not loop.last }}

    {% endfor %}

),

lifecycle as (

    select
        customer_id,
        lifecycle,
        valid_from,
        case when announced_to <= {{ as_of_date() }} then announced_to end as valid_to,
        purchase_number,
        purchase_date,
        usual_gap_days,
        usual_gap_basis,
        own_gap_count,
        {{ as_of_date() }} as as_of_date

    from announced

)

select * from lifecycle
