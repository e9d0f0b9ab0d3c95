{# These columns or expressions tell rows apart: none is missing, no combination stands twice. #}
{% test is_key(model, columns) %}

select
    {%- for column in columns %}
    {{ column }} as key_{{ loop.index }},
    {%- endfor %}
    count(*) as row_count

from {{ model }}

group by {% for column in columns %}key_{{ loop.index }}{{ ", " if not loop.last }}{% endfor %}

having
    count(*) > 1
    {%- for column in columns %}
    or key_{{ loop.index }} is null
    {%- endfor %}

{% endtest %}
