-- Nothing vanishes between raw and marts: the accounting holds every line and every version.
{{ config(meta={"dagster": {"ref": {"name": "record_accounting"}}}) }}

with

raw_records as (

    select
        'lines' as entity,
        count(*) as raw_count

    from {{ source('raw_online_retail', 'lines') }}

    where {{ is_chosen('online_retail') }}

    union all

    select
        'orders' as entity,
        count(*) as raw_count

    from ({{ contract_records('orders') }}) as records

),

accounted as (

    select
        entity,
        sum(record_count) as record_count

    from {{ ref('record_accounting') }}

    group by entity

)

select
    raw_records.entity,
    raw_records.raw_count,
    accounted.record_count

from raw_records

left outer join accounted
    on raw_records.entity = accounted.entity

where raw_records.raw_count <> coalesce(accounted.record_count, 0)
