with

returns as (

    {{ feedback_records('returns', 'return_id') }}

)

select * from returns
