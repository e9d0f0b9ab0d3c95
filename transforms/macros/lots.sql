{# A number from 0 to below 1 that is drawn for a person in a programme: always the same for the same
   purpose and salt, and unlike any other. #}
{% macro drawn_lot(purpose, customer_id, programme, salt) -%}
    md5_number_lower(concat_ws('|', {{ purpose }}, {{ customer_id }}, {{ programme }}, {{ salt }}))
    % 1000000 / 1000000
{%- endmacro %}


{# The list of a step of a programme, by arm; what is sent once more has a list of its own. #}
{% macro programme_list(steps) -%}
    'winback_' || {{ steps }}.programme
    || '_' || cast({{ steps }}.step as varchar)
    || '_' || {{ steps }}.arm
    || case when {{ steps }}.message = 'resend' then '_resend' else '' end
{%- endmacro %}
