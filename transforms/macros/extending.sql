{# True where a table is kept from the last finished build and only what has arrived since is taken
   into it. A run says so where nothing but files was added since: the same models, seeds and
   variables, an as-of date that is no earlier. Otherwise such a table is made anew. #}
{% macro is_extending() -%}
    {{ return(var("last_build") is not none and is_incremental()) }}
{%- endmacro %}


{# The newest file of the inbox that the last finished build knew; later ones have higher numbers. #}
{% macro last_built_file() -%}
    {{ var("last_build")["file_id"] if var("last_build") else 0 }}
{%- endmacro %}


{# The day of the last finished build: what is of a later day it has not seen. #}
{% macro last_built_day() -%}
    cast('{{ var("last_build")["day"] if var("last_build") else "1970-01-01" }}' as date)
{%- endmacro %}


{# What a table that is kept loses before rows are written to it: those of a condition where it takes
   in what has arrived, all where it is made anew. #}
{% macro make_room(lost="") -%}
    {% if is_extending() and lost -%}
        delete from {{ this }} where {{ lost }}
    {%- elif is_incremental() and not is_extending() -%}
        truncate {{ this }}
    {%- endif %}
{%- endmacro %}


{# The same for a table of what orders are told to have been: those of which something arrived. #}
{% macro make_room_for_changed_orders() -%}
    {{
        make_room(
            "order_key in (select source || ':' || order_id from "
            ~ ref("stg_contract__orders_changed") ~ ")"
        )
    }}
{%- endmacro %}


{# The same for a table of people: whose orders have changed since the last finished build. #}
{% macro make_room_for_changed_customers() -%}
    {{ make_room("customer_id in (select customer_id from " ~ ref("int_customers_changed") ~ ")") }}
{%- endmacro %}


{# Marks the orders that may stand otherwise than in the last finished build as replaced. #}
{% macro set_changed_orders_aside() -%}
    {% if is_extending() -%}
        update {{ this }}
        set is_replaced = true, written_after_file_id = {{ last_built_file() }}
        where
            not is_replaced
            and order_key in (select order_key from {{ ref('int_orders_changed') }})
    {%- endif %}
{%- endmacro %}
