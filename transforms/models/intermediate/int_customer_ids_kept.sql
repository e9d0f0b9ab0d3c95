-- The id that each key led to in the last build, and the newest file that the build before it had
-- known when that changed last: which orders go to somebody else is not looked for in all of them.
{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key="person_key",
        pre_hook="{{ make_room('customer_id is null') }}",
    )
}}

with

keys as (

    select
        person_key,
        customer_id

    from {{ ref('int_customer_keys') }}

),

{% if is_extending() -%}
-- A key that is not there any more leads to nobody.
changed as (

    select
        coalesce(keys.person_key, kept.person_key) as person_key,
        keys.customer_id

    from keys

    full outer join {{ this }} as kept
        on keys.person_key = kept.person_key

    where keys.customer_id is distinct from kept.customer_id

)
{%- else -%}
changed as (

    select * from keys

)
{%- endif %}

select
    person_key,
    customer_id,
    {{ last_built_file() if is_extending() else "cast(null as bigint)" }} as changed_after_file_id

from changed
