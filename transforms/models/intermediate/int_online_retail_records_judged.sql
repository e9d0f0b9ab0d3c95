-- A view: a million lines are read once a run, by the accounting.
{{ config(materialized="view") }}

with

lines as (

    select * from {{ ref('stg_online_retail__lines') }}

),

judged as (

    select
        'online_retail' as source,
        'lines' as entity,
        case
            when not is_in_earlier_sheet and invoiced_date > {{ as_of_date() }}
                then 'after the as-of date'
            else reason
        end as reason,
        account_id is not null as is_identified,
        is_cancellation,
        quantity > 0 and unit_price > 0 as is_positive,
        amount

    from lines

)

select * from judged
