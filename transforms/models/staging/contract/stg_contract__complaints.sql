with

complaints as (

    {{ feedback_records('complaints', 'complaint_id') }}

)

select * from complaints
