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
