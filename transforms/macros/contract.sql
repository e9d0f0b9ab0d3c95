{# The sources of the inbox contract that are chosen for the run and can bring an entity. #}
{% macro chosen_bringing(entity) -%}
    {%- set bringing = [] -%}
    {%- for name in var("contract_sources") -%}
        {%- if name in var("sources") and entity in var("contract_sources")[name] -%}
            {%- do bringing.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(bringing) }}
{%- endmacro %}


{# The same for a model that reads their tables. Where there is none it is `files`, of which no row
   is read then, so that there is always a table to name. The lineage is that of all sources,
   whichever are chosen. #}
{% macro sources_bringing(entity) -%}
    {%- if not execute -%}
        {%- for name in var("contract_sources") if entity in var("contract_sources")[name] -%}
            {%- do source("raw_" ~ name, entity) -%}
            {%- do source("raw_" ~ name, "loaded_files") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(chosen_bringing(entity) or ["files"]) }}
{%- endmacro %}


{# True where a source that is chosen for the run can bring an entity of the inbox contract. #}
{% macro is_brought(entity) -%}
    {{ "true" if chosen_bringing(entity) else "false" }}
{%- endmacro %}


{# The records of an entity of all chosen sources, each with its source and what its accounts' keys
   begin with. A source that is not chosen costs nothing. #}
{% macro contract_records(entity) -%}
    {% for name in sources_bringing(entity) -%}
    select
        '{{ name }}' as _source,
        '{{ account_prefix(name) }}' as _account_prefix,
        records.*

    from {{ source('raw_' ~ name, entity) }} as records

    where {{ is_chosen(name) }}
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}
{%- endmacro %}


{# The files that records of an entity came in, of all chosen sources. #}
{% macro contract_files(entity) -%}
    {% for name in sources_bringing(entity) -%}
    select
        file_id,
        sort_key,
        load_number

    from {{ source('raw_' ~ name, 'loaded_files') }}
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}
{%- endmacro %}


{# The key of the account that a record of the inbox contract names; null where it names none. #}
{% macro own_account_key(column) -%}
    _account_prefix || nullif(trim({{ column }}), '')
{%- endmacro %}


{# True where a column names a source of the inbox contract that is chosen for the run. #}
{% macro is_contract_source(column) -%}
    {%- set chosen = [] -%}
    {%- for name in var("contract_sources") if name in var("sources") -%}
        {%- do chosen.append("'" ~ name ~ "'") -%}
    {%- endfor -%}
    {{ column ~ " in (" ~ chosen | join(", ") ~ ")" if chosen else "false" }}
{%- endmacro %}


{# What the keys of accounts begin with, by the source that a column names. #}
{% macro account_prefix_of(column) -%}
    case {{ column }}
    {%- for name in var("contract_sources") %}
        when '{{ name }}' then '{{ account_prefix(name) }}'
    {%- endfor %}
    end
{%- endmacro %}


{# What people send back, complain about or answer: entities of one shape, each with its own key. #}
{% macro feedback_records(entity, key) -%}
with versions as (

    {{ numbered_versions(entity, ['id']) }}

)

select
    _source as source,
    id as {{ key }},
    order_id,
    {{ own_account_key('customer_id') }} as account_key,
    {{ normalised_email('email') }} as email,
    occurred_at,
    resolved_at,
    amount,
    reason,
    score

from versions

where version_number = 1
{%- endmacro %}


{# Whether an order counts on the as-of date by what it says itself, whatever was given back. #}
{% macro counts_by_itself(orders) -%}
    {{ orders }}.ordered_date <= {{ as_of_date() }}
        and not {{ orders }}.is_test
        -- A cancelled or refunded order was valid until that day; it counts like the others.
        and (
            list_contains({{ var("valid_statuses") }}, {{ orders }}.status)
            or {{ orders }}.status in ('cancelled', 'refunded')
        )
{%- endmacro %}


{# Orders as they were told, from versions that are numbered. #}
{% macro told_orders(versions) -%}
select
    _source as source,
    order_id,
    {{ own_account_key('customer_id') }} as account_key,
    {{ normalised_email('email') }} as email,
    ordered_at,
    {{ shop_date('ordered_at') }} as ordered_date,
    coalesce(status, 'paid') as status,
    total,
    coalesce(discount, 0) as discount,
    coalesce(refunded, 0) as refunded,
    coalesce(refunded_at, updated_at, ordered_at) as refunded_at,
    coalesce(cancelled_at, updated_at, ordered_at) as cancelled_at,
    cancelled_at is not null as has_cancellation_time,
    coalesce(upper(currency), '{{ var("currency") }}') as currency,
    nullif(trim(coupon_code), '') as coupon_code,
    coalesce(is_test, false) as is_test,
    updated_at,
    _file_id as file_id,
    version_number

from {{ versions }}
{%- endmacro %}
