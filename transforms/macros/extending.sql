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


{# What a table of people that is kept has to lose first: whose orders have changed since the last
   finished build, or everything where it is made anew. #}
{% macro forget_changed_customers() -%}
    {% if is_extending() -%}
        delete from {{ this }}
        where customer_id in (select customer_id from {{ ref('int_customers_changed') }})
    {%- elif is_incremental() -%}
        truncate {{ this }}
    {%- endif %}
{%- endmacro %}


{# What int_orders_kept does first: orders that may stand otherwise are marked as replaced, and what
   the last build replaced goes. #}
{% macro set_changed_orders_aside() -%}
    {% if is_extending() -%}
        delete from {{ this }}
        where is_replaced and written_after_file_id <> {{ last_built_file() }};
        update {{ this }}
        set is_replaced = true, written_after_file_id = {{ last_built_file() }}
        where
            not is_replaced
            and order_key in (select order_key from {{ ref('int_orders_changed') }})
    {%- elif is_incremental() -%}
        truncate {{ this }}
    {%- endif %}
{%- endmacro %}
