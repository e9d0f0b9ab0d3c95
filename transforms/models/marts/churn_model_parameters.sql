with

fits as (

    select * exclude (expectations, spend_quantiles)

    from {{ ref('int_churn_model_fits') }}

),

single as (

    {% for part, parameter in (
        ('purchases', 'r'),
        ('purchases', 'alpha'),
        ('purchases', 'a'),
        ('purchases', 'b'),
        ('purchases', 'log_likelihood'),
        ('purchases', 'customer_count'),
        ('purchases', 'repeat_customer_count'),
        ('season', 'season_factor_90d'),
        ('season', 'season_factor_365d'),
        ('calibration', 'calibration_intercept'),
        ('calibration', 'calibration_slope'),
        ('calibration', 'calibration_window_count'),
        ('spending', 'spend_p'),
        ('spending', 'spend_q'),
        ('spending', 'spend_gamma'),
        ('spending', 'spend_mean'),
        ('spending', 'spend_log_likelihood'),
        ('spending', 'spend_rank_correlation'),
        ('spending', 'spend_customer_count'),
    ) -%}
    select
        cutoff_date,
        '{{ part }}' as part,
        '{{ parameter }}' as parameter,
        cast({{ parameter }} as double) as parameter_value

    from fits

    {{ "union all" if not loop.last }}

    {% endfor %}

),

months as (

    select
        cutoff_date,
        'season' as part,
        'season_index_' || printf('%02d', unnest(range(1, 13))) as parameter,
        unnest(season_index) as parameter_value

    from fits

),

unioned as (

    select * from single
    union all
    select * from months

),

parameters as (

    select
        cutoff_date,
        part,
        parameter,
        parameter_value,
        {{ as_of_date() }} as as_of_date

    from unioned

    where parameter_value is not null

)

select * from parameters
