{# A condition holds in every row; where it is null it does not. #}
{% test is_true(model, condition) %}

select *

from {{ model }}

where not coalesce({{ condition }}, false)

{% endtest %}
