{# True where the source is one of those chosen for the run; rows of others stay in raw. #}
{% macro is_chosen(source_name) -%}
    {{ "true" if source_name in var("sources") else "false" }}
{%- endmacro %}


{# The address as it tells people apart; null where it is none. Plus addresses are kept apart. #}
{% macro normalised_email(column) -%}
    main.email_address({{ column }})
{%- endmacro %}


{# An account's key among people; null where there is no account. #}
{% macro account_key(source_name, column) -%}
    'account:{{ var("account_namespaces")[source_name] }}:' || nullif(trim({{ column }}), '')
{%- endmacro %}
