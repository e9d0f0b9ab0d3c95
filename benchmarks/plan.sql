-- Makes what a plan compares: lists and profiles of days 0 and 1, of table people. Between the two
-- one person in a hundred has changed: a list more or less (and so the profile, which names all
-- lists), another profile, no permission any more, or new.
create temp macro draw(purpose, thing) as
    (hash(hash(purpose, thing)) >> 11) / 9007199254740992.0;

create or replace temp table people as
select
    person,
    'c' || left(md5(cast(person as varchar)), 20) as customer_id,
    case floor(draw('fate', person) * 1000)
        when 0 then 'moved' when 1 then 'moved' when 2 then 'moved' when 3 then 'moved'
        when 4 then 'altered' when 5 then 'altered' when 6 then 'altered' when 7 then 'altered'
        when 8 then 'forbidden' when 9 then 'new'
        else 'as before'
    end as fate
from range(getvariable('customers')) as numbers (person);

-- Each person is on eight of the twenty lists, more or less.
create temp macro lists_of(day) as table
select
    person,
    customer_id,
    'winback_programme_' || lpad(cast(list as varchar), 2, '0') as audience
from people, range(20) as lists (list)
where
    (draw(list, person) < 0.4) <> (day = 0 and fate = 'moved' and list = person % 20)
    and not (day = 0 and fate = 'new')
    and not (day = 1 and fate = 'forbidden');

create temp macro profiles_of(day) as table
with listed as (
    select person, customer_id, string_agg(audience, ' ' order by audience) as audiences
    from lists_of(day) group by person, customer_id
),

drawn as (
    select
        *,
        cast(floor(900 * draw('favourite', person)) as integer) as favourite,
        cast(floor(900 * draw('complementary', person)) as integer) as complementary,
        date '2025-12-31' - cast(floor(1000 * draw('last purchase', person)) as integer) as last_day
    from listed inner join people using (person, customer_id)
)

select
    customer_id,
    'person' || person || '@example.com' as email,
    ['Ada', 'Bob', 'Eve', 'Joe', 'Kim'][1 + person % 5] as first_name,
    ['en', 'de', 'fr', 'nl'][1 + person % 4] as language,
    ['Leeds', 'Ulm', 'Lyon', 'Delft'][1 + person % 4] as city,
    ['United Kingdom', 'Germany', 'France', 'Netherlands'][1 + person % 4] as country,
    audiences as winback_lists,
    case when day = 1 and fate = 'altered' then 'dormant' else 'slipping' end as winback_lifecycle,
    last_day + 90 as winback_lifecycle_since,
    ['champions', 'loyal', 'promising', 'at risk'][1 + person % 4] as winback_rfm_segment,
    ['new', 'growing', 'settled', 'fading'][1 + person % 4] as winback_stage,
    person % 20 = 0 as winback_is_vip,
    1 + person % 7 as winback_purchase_count,
    last_day as winback_last_purchase_date,
    last_day + 60 as winback_next_purchase_expected_date,
    last_day + 180 as winback_dormant_on,
    'sku-' || favourite as winback_favourite_product_id,
    'Category ' || favourite % 30 as winback_favourite_category,
    'Product number ' || favourite as winback_favourite_product_name,
    'https://shop.example/products/' || favourite as winback_favourite_product_url,
    'https://shop.example/images/' || favourite || '.jpg' as winback_favourite_product_image_url,
    'Product number ' || complementary as winback_complementary_product_name,
    'https://shop.example/products/' || complementary as winback_complementary_product_url,
    'https://shop.example/images/' || complementary || '.jpg'
        as winback_complementary_product_image_url,
    cast(null as varchar) as winback_last_seen_product_name,
    cast(null as varchar) as winback_last_seen_product_url,
    cast(null as varchar) as winback_last_seen_product_image_url,
    ['low', 'middle', 'high'][1 + person % 3] as winback_value_band,
    'reactivation' as winback_programme,
    1 + person % 3 as winback_step,
    'mail' as winback_message_kind,
    'percent' as winback_offer_kind,
    '10 % off' as winback_offer_label,
    'BACK' || person as winback_offer_code,
    date '2026-01-31' as winback_offer_ends_on
from drawn;
