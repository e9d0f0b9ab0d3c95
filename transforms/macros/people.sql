{# True where the source is one of those chosen for the run; rows of others stay in raw. #}
{% macro is_chosen(source_name) -%}
    {{ "true" if source_name in var("sources") else "false" }}
{%- endmacro %}


{# The address as it tells people apart; null where it is none. Plus addresses are kept apart. #}
{% macro normalised_email(column) -%}
    main.email_address({{ column }})
{%- endmacro %}


{# What the keys of a source's accounts begin with. #}
{% macro account_prefix(source_name) -%}
    account:{{ var("account_namespaces")[source_name] }}:
{%- endmacro %}


{# An account's key among people; null where there is no account. #}
{% macro account_key(source_name, column) -%}
    '{{ account_prefix(source_name) }}' || nullif(trim({{ column }}), '')
{%- endmacro %}


{# The mail that an event is of. Tools that name no message still name the campaign, which mails a
   person once. #}
{% macro mail_key(events) -%}
    coalesce({{ events }}.message_id, {{ events }}.campaign_id, {{ events }}.event_id)
{%- endmacro %}


{# A number for who a mail went to and which it was. It finds rows; it does not tell them apart. #}
{% macro mail_hash(events) -%}
    hash({{ events }}.recipient_number, {{ events }}.mail_key)
{%- endmacro %}


{# Whose each address is that mails went to, by its number. #}
{% macro owned_recipients() -%}
select distinct
    recipients.recipient_number,
    keys.customer_id

from {{ ref('int_email_recipients') }} as recipients

inner join {{ ref('int_customer_keys') }} as keys
    on coalesce(recipients.account_key, 'email:' || recipients.email) = keys.person_key
{%- endmacro %}
