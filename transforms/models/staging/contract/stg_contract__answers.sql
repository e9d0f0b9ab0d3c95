with

answers as (

    {{ feedback_records('answers', 'answer_id') }}

)

select * from answers
