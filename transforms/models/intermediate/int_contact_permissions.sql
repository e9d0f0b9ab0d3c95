-- Whether a person may be mailed, which is what lists for e-mail tools ask.
{{ config(materialized="view") }}

with

permissions as (

    select
        customer_id,
        address as email,
        consent as email_consent,
        suppressed_reason,
        forbidden_reason,
        may_be_contacted as may_be_mailed

    from {{ ref('int_channel_permissions') }}

    where channel = 'email'

)

select * from permissions
