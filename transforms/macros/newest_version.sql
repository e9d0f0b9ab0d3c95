{# Number the versions of each record of an entity of the inbox contract, each source by itself: see
   `versions_of_source`. #}
{% macro numbered_versions(entity, key, updated_at=none, has_loaded_number=false, among=none) -%}
    {%- set names = sources_bringing(entity) -%}
    {%- for name in names -%}
    {{ "(" if names | length > 1 }}
    {{- versions_of_source(name, entity, key, updated_at, has_loaded_number, among) }}
    {{- ")" if names | length > 1 }}
    {%- if not loop.last %}

    union all

    {% endif %}
    {%- endfor %}
{%- endmacro %}


{# Number the versions of each record of an entity from one source, the one that stands on the
   as-of date first: the newest `updated_at` up to that day, else the last file in their order,
   whenever it was read. Where every version is of a later day, the earliest of them stands.
   `loaded_number`, where it is asked for, numbers them without regard to the as-of date. Every row
   of a version of an order's lines bears the same number, and so does every row of a cart of one
   time and file. With `among`, a relation of keys, only records that it names are read. #}
{% macro versions_of_source(name, entity, key, updated_at, has_loaded_number, among) -%}
    {%- set position = "files.sort_key desc, files.load_number desc" -%}
    {%- if entity not in ("order_lines", "carts") -%}
        {%- set position = position ~ ", records._row_number desc" -%}
    {%- endif -%}
    {%- set partition -%}
        {% for column in key %}records."{{ column }}"{{ ", " if not loop.last }}{% endfor %}
    {%- endset %}
    {%- set key_hash = "hash(" ~ partition | trim ~ ")" -%}
    {%- if not among -%}
    -- Few records have versions, and only those need an order: to order all costs far more. Two keys
    -- may share a hash without harm.
    with repeated as (

        select {{ key_hash }} as key_hash

        from {{ source('raw_' ~ name, entity) }} as records

        where {{ is_chosen(name) }}

        group by {{ key_hash }}

        having
            {% if entity == "order_lines" -%}
            min(records._file_id) < max(records._file_id)
            {%- else -%}
            count(*) > 1
            {%- endif %}

    )

    select
        '{{ name }}' as _source,
        '{{ account_prefix(name) }}' as _account_prefix,
        records.*,
        cast(1 as bigint) as version_number
        {%- if has_loaded_number %},
        cast(1 as bigint) as loaded_number
        {%- endif %}

    from {{ source('raw_' ~ name, entity) }} as records

    where
        {{ is_chosen(name) }}
        and {{ key_hash }} not in (
            select repeated.key_hash from repeated
        )

    union all

    {% endif -%}
    select
        '{{ name }}' as _source,
        '{{ account_prefix(name) }}' as _account_prefix,
        records.*,
        dense_rank() over (
            partition by {{ partition }}
            order by
                {% if updated_at -%}
                case
                    when {{ shop_date(updated_at) }} > {{ as_of_date() }} then {{ updated_at }}
                end nulls first,
                {{ updated_at }} desc nulls last,
                {% endif -%}
                {{ position }}
        ) as version_number
        {%- if has_loaded_number %},
        dense_rank() over (
            partition by {{ partition }}
            order by {{ updated_at }} desc nulls last, {{ position }}
        ) as loaded_number
        {%- endif %}

    from {{ source('raw_' ~ name, entity) }} as records

    inner join {{ source('raw_' ~ name, 'loaded_files') }} as files
        on records._file_id = files.file_id

    where
        {{ is_chosen(name) }}
        {% if among -%}
        and {{ partition | trim }} in (
            select {{ among }}."{{ key | join }}" from {{ among }}
        )
        {%- else -%}
        and {{ key_hash }} in (
            select repeated.key_hash from repeated
        )
        {%- endif %}

{%- endmacro %}
