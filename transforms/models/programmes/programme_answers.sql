-- The first gate that is shut for each question of the day, priority, profit and lots included, or
-- none: then the person enters or moves.
with

questions as (

    select
        questions.*,
        programmes.priority,
        programmes.is_on

    from {{ ref('programme_questions') }} as questions

    inner join {{ ref('programmes') }} as programmes
        on questions.programme = programmes.programme

),

-- What an earlier run of this day wrote down stands, so that facts which came in between neither
-- move anybody on a second ladder nor take him off a list for a day, to be put on it once more.
-- Only what forbids any contact does.
taken_today as (

    select distinct
        customer_id,
        programme

    from {{ ref('programme_steps_written') }}

    where taken_on = {{ as_of_date() }}

),

forbidding as (

    select place as first_place

    from {{ ref('gates') }}

    where gate = 'unhappy'

),

first_shut as (

    select
        gates.customer_id,
        gates.programme,
        arg_min(gates.gate, {'place': gates.place, 'details': gates.details}) as gate,
        arg_min(gates.details, {'place': gates.place, 'details': gates.details}) as details

    from {{ ref('programme_gates') }} as gates

    cross join forbidding

    left outer join taken_today
        on
            gates.customer_id = taken_today.customer_id
            and gates.programme = taken_today.programme

    where
        taken_today.customer_id is null
        or gates.place < forbidding.first_place

    group by
        gates.customer_id,
        gates.programme

),

taken_elsewhere as (

    select
        questions.customer_id,
        questions.programme,
        min(taken_today.programme) as taken_programme

    from questions

    inner join taken_today
        on
            questions.customer_id = taken_today.customer_id
            and questions.programme <> taken_today.programme

    group by
        questions.customer_id,
        questions.programme

),

profits as (

    select * from {{ ref('programme_profits') }}

),

drawn as (

    select * from {{ ref('programme_candidates_drawn') }}

),

ladders as (

    select
        ladders.*,
        coalesce(ladders.ended_on > {{ as_of_date() }} - {{ var('quiet_days_after_pause') }}, true)
            as is_holding

    from {{ ref('programme_ladders') }} as ladders

    inner join {{ ref('programmes') }} as programmes
        on ladders.programme = programmes.programme

    where programmes.is_on

),

judged as (

    select
        questions.*,
        -- Whoever has nothing to do today passes no gate.
        case
            when not questions.is_on then 'switched_off'
            when questions.is_entry or questions.step is not null then first_shut.gate
        end as shut_gate,
        first_shut.details as shut_details,
        taken_today.customer_id is null
        and coalesce(profits.expected_profit < 0, false) as is_loss,
        profits.expected_profit,
        coalesce(drawn.is_trial, false) as is_trial,
        taken_elsewhere.taken_programme

    from questions

    left outer join first_shut
        on
            questions.customer_id = first_shut.customer_id
            and questions.programme = first_shut.programme

    left outer join profits
        on
            questions.customer_id = profits.customer_id
            and questions.programme = profits.programme

    left outer join drawn
        on
            questions.customer_id = drawn.customer_id
            and questions.programme = drawn.programme

    left outer join taken_today
        on
            questions.customer_id = taken_today.customer_id
            and questions.programme = taken_today.programme

    left outer join taken_elsewhere
        on
            questions.customer_id = taken_elsewhere.customer_id
            and questions.programme = taken_elsewhere.programme

),

-- Of several programmes that somebody could enter the one that goes first; he is on no ladder of
-- one that goes before it.
could_enter as (

    select
        customer_id,
        arg_min(programme, priority) as programme,
        min(priority) as priority

    from judged

    where
        is_entry
        and shut_gate is null
        and taken_programme is null
        and (not is_loss or is_trial)

    group by customer_id

),

on_ladder as (

    select
        customer_id,
        arg_min(programme, priority) as programme,
        min(priority) as priority

    from ladders

    where ended_on is null

    group by customer_id

),

entering as (

    select could_enter.*

    from could_enter

    left outer join on_ladder
        on could_enter.customer_id = on_ladder.customer_id

    where coalesce(could_enter.priority < on_ladder.priority, true)

),

-- A ladder waits while another that goes first runs, and some quiet days after one that has paused
-- it.
paused as (

    select
        questions.customer_id,
        questions.programme,
        arg_min(others.programme, others.priority) as paused_by

    from questions

    inner join ladders as others
        on
            questions.customer_id = others.customer_id
            and questions.priority > others.priority
            and (others.ended_on is null or questions.entered_on < others.entered_on)
            and others.is_holding

    where not questions.is_entry

    group by
        questions.customer_id,
        questions.programme

),

ordered as (

    select
        judged.*,
        case
            when judged.shut_gate is not null
                then {'gate': judged.shut_gate, 'details': judged.shut_details}
            when coalesce(entering.priority < judged.priority, false)
                then {'gate': 'priority', 'details': entering.programme || ' goes first'}
            when paused.paused_by is not null
                then {'gate': 'priority', 'details': paused.paused_by || ' goes first'}
            when judged.is_entry and coalesce(on_ladder.priority <= judged.priority, false)
                then {'gate': 'priority', 'details': on_ladder.programme || ' goes first'}
            when judged.is_entry and judged.is_loss and not judged.is_trial
                then {
                    'gate': 'expected_profit',
                    'details': 'expected to bring ' || cast(judged.expected_profit as varchar)
                }
            when judged.step is not null and judged.taken_programme is not null
                then {
                    'gate': 'priority',
                    'details': judged.taken_programme || ' went first on this day'
                }
        end as answer

    from judged

    left outer join entering
        on judged.customer_id = entering.customer_id

    left outer join on_ladder
        on judged.customer_id = on_ladder.customer_id

    left outer join paused
        on
            judged.customer_id = paused.customer_id
            and judged.programme = paused.programme

),

answers as (

    select
        customer_id,
        programme,
        entered_on,
        is_entry,
        arm,
        is_control,
        reason,
        step,
        message,
        next_step,
        next_due_on,
        answer['gate'] as gate,
        answer['details'] as details,
        case
            when is_entry and answer is null and expected_profit < 0
                then
                    'expected to bring '
                    || cast(expected_profit as varchar)
                    || ', enters as one of few so that it is found out'
        end as trial_details

    from ordered

)

select * from answers
