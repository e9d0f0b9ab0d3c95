{# How often somebody has bought, in words. #}
{% macro bought_in_words(purchase_count) -%}
    case {{ purchase_count }}
        when 1 then 'bought once'
        when 2 then 'bought twice'
        else 'bought ' || cast({{ purchase_count }} as varchar) || ' times'
    end
{%- endmacro %}


{# A lifecycle and the day from which it holds, in words. #}
{% macro lifecycle_in_words(lifecycle, lifecycle_since) -%}
    replace({{ lifecycle }}, '_', ' ') || ' since ' || cast({{ lifecycle_since }} as varchar)
{%- endmacro %}
