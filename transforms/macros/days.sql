{# The day for which everything is computed. #}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}


{# The first day of the month that a day is in. #}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}


{# The instant that a wall clock of the zone meant, in UTC. #}
{% macro to_utc(local_time, zone) -%}
    main.to_utc({{ local_time }}, '{{ zone }}')
{%- endmacro %}


{# The shop's day in which a UTC instant falls. #}
{% macro shop_date(instant) -%}
    {{ day_in_zone(instant, var("timezone")) }}
{%- endmacro %}


{# The zone's day in which a UTC instant falls. In most hours it is that of UTC, whatever the season;
   only in the others the time zone is asked, which takes twenty times as long. #}
{% macro day_in_zone(instant, zone) -%}
    {%- set hours = hours_of_one_day(zone) -%}
    case
        when
            hour({{ instant }}) between {{ hours[0] }} and {{ hours[1] }}
            and year({{ instant }}) between 1970 and 2099
            then cast({{ instant }} as date)
        else cast(main.to_local({{ instant }}, '{{ zone }}') as date)
    end
{%- endmacro %}


{# The first and the last hour of UTC in which the zone has always had the day of UTC, by its
   offsets in every week from 1970 to 2099. #}
{% macro hours_of_one_day(zone) -%}
    {%- set hours = (24, -1) -%}
    {%- if execute -%}
        {%- set offsets -%}
            select epoch(main.to_local(instant, '{{ zone }}')) - epoch(instant) as seconds
            from range(timestamp '1970-01-01', timestamp '2100-01-01', interval 7 day)
                as weeks (instant)
        {%- endset -%}
        {%- set found = run_query(
            "select cast(ceil(greatest(-min(seconds), 0) / 3600) as integer), "
            ~ "cast(23 - ceil(greatest(max(seconds), 0) / 3600) as integer) from (" ~ offsets ~ ")"
        ) -%}
        {%- set hours = found.rows[0] -%}
    {%- endif -%}
    {{ return(hours) }}
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
