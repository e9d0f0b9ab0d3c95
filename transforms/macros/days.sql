{# The day for which everything is computed. #}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}


{# The instant that a wall clock of the zone meant, in UTC. #}
{% macro to_utc(local_time, zone) -%}
    main.to_utc({{ local_time }}, '{{ zone }}')
{%- endmacro %}


{# The shop's day in which a UTC instant falls. #}
{% macro shop_date(instant) -%}
    cast(main.to_local({{ instant }}, '{{ var("timezone") }}') as date)
{%- endmacro %}


{# The first whole day at or after `numerator / denominator` days, in whole numbers only. #}
{% macro days_rounded_up(numerator, denominator) -%}
    cast(({{ numerator }} + {{ denominator }} - 1) // ({{ denominator }}) as integer)
{%- endmacro %}


{# True where a day of the year, like 03-01, lies in a season, both ends included. #}
{% macro is_in_season(day_of_year) -%}
    case
        when season_from <= season_to then {{ day_of_year }} between season_from and season_to
        else {{ day_of_year }} >= season_from or {{ day_of_year }} <= season_to
    end
{%- endmacro %}
