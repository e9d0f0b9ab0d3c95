with

listed as (

    select
        customer_id,
        string_agg(
            audience, ' '
            order by audience
        ) as audiences

    from {{ ref('exp_email__list_members') }}

    group by customer_id

),

customers as (

    select * from {{ ref('customers') }}

),

activity as (

    select * from {{ ref('customer_activity') }}

),

rfm as (

    select * from {{ ref('customer_rfm') }}

),

churn as (

    select * from {{ ref('customer_churn') }}

),

-- Of several programmes the one that goes first: the other waits.
programmes as (

    select
        customer_id,
        arg_min(programme, priority) as programme,
        arg_min(step, priority) as step,
        arg_min(message_kind, priority) as message_kind,
        arg_min(offer_kind, priority) as offer_kind,
        arg_min(offer_label, priority) as offer_label,
        arg_min(offer_code, priority) as offer_code,
        arg_min(offer_ends_on, priority) as offer_ends_on

    from {{ ref('exp_email__programme_members') }}

    group by customer_id

),

products as (

    select * from {{ ref('products') }}

),

-- Dates and states only: a count of days would make every profile new every night.
profiles as (

    select
        listed.customer_id,
        customers.email,
        customers.first_name,
        customers.language,
        customers.city,
        customers.country,
        listed.audiences as winback_lists,
        churn.lifecycle as winback_lifecycle,
        churn.lifecycle_since as winback_lifecycle_since,
        rfm.segment as winback_rfm_segment,
        rfm.stage as winback_stage,
        activity.is_vip as winback_is_vip,
        activity.purchase_count as winback_purchase_count,
        activity.last_purchase_date as winback_last_purchase_date,
        activity.next_purchase_expected_date as winback_next_purchase_expected_date,
        churn.dormant_on as winback_dormant_on,
        activity.favourite_product_id as winback_favourite_product_id,
        activity.favourite_category as winback_favourite_category,
        {% for kind in ('favourite', 'complementary', 'last_seen') -%}
        {{ kind }}.product_name as winback_{{ kind }}_product_name,
        {{ kind }}.url as winback_{{ kind }}_product_url,
        {{ kind }}.image_url as winback_{{ kind }}_product_image_url,
        {% endfor -%}
        churn.value_band as winback_value_band,
        programmes.programme as winback_programme,
        programmes.step as winback_step,
        programmes.message_kind as winback_message_kind,
        programmes.offer_kind as winback_offer_kind,
        programmes.offer_label as winback_offer_label,
        programmes.offer_code as winback_offer_code,
        programmes.offer_ends_on as winback_offer_ends_on

    from listed

    inner join customers
        on listed.customer_id = customers.customer_id

    inner join activity
        on listed.customer_id = activity.customer_id

    left outer join rfm
        on listed.customer_id = rfm.customer_id

    left outer join churn
        on listed.customer_id = churn.customer_id

    left outer join programmes
        on listed.customer_id = programmes.customer_id

    {% for kind in ('favourite', 'complementary', 'last_seen') -%}
    left outer join products as {{ kind }}
        on
            activity.{{ kind }}_product_id = {{ kind }}.product_id
            and {{ kind }}.is_available

    {% endfor %}
)

select * from profiles
