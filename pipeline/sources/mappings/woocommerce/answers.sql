-- stream: reviews
with

reviews as (

    select
        row_number,
        'review ' || (record ->> '$.id') as id,
        nullif(record ->> '$.reviewer_email', '') as email,
        (record ->> '$.date_created_gmt') || 'Z' as occurred_at,
        -- Who only comments gives no stars, which comes as 0.
        nullif(record ->> '$.rating', '0') as score

    from records

)

-- A review of nobody who can be found tells of nobody's mood.
select * from reviews
where email is not null
