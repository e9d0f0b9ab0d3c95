-- What was decided today for everybody who fits a programme or is on its ladder, and why.
{{ config(schema="marts") }}

with

answers as (

    select * from {{ ref('programme_answers') }}

),

entries as (

    select * from {{ ref('programme_entries') }}

),

permissions as (

    select * from {{ ref('int_channel_permissions') }}

),

programmes as (

    select
        programme,
        channel

    from {{ ref('programmes') }}

),

-- Between two steps no gate is asked, but whom nobody may write to is on no list.
judged as (

    select
        answers.*,
        coalesce(entries.is_global_control, false) as is_global_control,
        not coalesce(permissions.may_be_contacted, false) as is_forbidden,
        coalesce(permissions.gate, 'consent') as forbidding_gate,
        coalesce(permissions.forbidden_reason, 'consent: never') as forbidden_reason

    from answers

    inner join programmes
        on answers.programme = programmes.programme

    left outer join permissions
        on
            answers.customer_id = permissions.customer_id
            and programmes.channel = permissions.channel

    left outer join entries
        on
            answers.customer_id = entries.customer_id
            and answers.programme = entries.programme
            and answers.is_entry

),

worded as (

    select
        customer_id,
        programme,
        entered_on,
        is_entry,
        arm,
        step,
        message,
        not is_control
        and not is_global_control
        and not is_forbidden
        and (gate is null or not is_entry) as is_in,
        case
            when gate is not null then gate
            when is_forbidden then forbidding_gate
            when is_control or is_global_control then 'control'
        end as gate,
        reason,
        concat_ws(
            '; ',
            case
                when not is_entry then 'entered on ' || cast(entered_on as varchar)
            end,
            case
                when gate is null and step is not null and not is_global_control
                    then
                        'takes step ' || cast(step as varchar)
                        || case when message = 'resend' then ' once more' else '' end
                when next_step is not null and next_due_on > {{ as_of_date() }}
                    then
                        'step ' || cast(next_step as varchar) || ' on '
                        || cast(next_due_on as varchar)
                when gate is not null and step is not null and not is_entry
                    then 'step ' || cast(step as varchar) || ' waits'
            end,
            details,
            case when gate is null and is_forbidden then forbidden_reason end,
            trial_details,
            case
                when gate is null and is_global_control then 'in the global control'
                when gate is null and is_control then 'in the control of the programme'
            end
        ) as moving

    from judged

),

decisions as (

    select
        worded.customer_id,
        worded.programme,
        case when worded.is_in then 'in' else 'out' end as decision,
        worded.gate,
        concat_ws('; ', worded.reason, nullif(worded.moving, '')) as details,
        not worded.is_entry as is_on_ladder,
        case when worded.is_entry and worded.gate is not null then null else worded.arm end as arm,
        {{ as_of_date() }} as as_of_date

    from worded

)

select * from decisions
