-- Whether the model's numbers may be shown, and why not.
with

fitted as (

    select
        problem,
        spend_problem

    from {{ ref('int_churn_model_fits') }}

    where cutoff_kind = 'as_of'

),

-- Why nothing could be fitted on the newest day that is looked back to, if there is one.
looked_back as (

    select arg_max_null(problem, cutoff_date) as problem

    from {{ ref('int_churn_model_fits') }}

    where cutoff_kind = 'window'

),

-- Even without any buyer there is a verdict.
fits as (

    select
        case when count(*) = 0 then 'nobody has bought yet' else max(problem) end as problem,
        max(spend_problem) as spend_problem

    from fitted

),

windows as (

    select
        count(*) as window_count,
        avg(model_area) as model_area,
        avg(recency_area) as recency_area,
        avg(frequency_area) as frequency_area,
        avg(overdue_ratio_area) as overdue_ratio_area,
        avg(model_error) filter (where last_year_error is not null) as model_error,
        avg(last_year_error) as last_year_error

    from {{ ref('int_churn_model_windows') }}

),

judged as (

    select
        fits.spend_problem,
        windows.window_count,
        case
            when fits.problem is not null then fits.problem
            when windows.window_count = 0
                then
                    'no window of the past could be checked: '
                    || coalesce(
                        'in the newest ' || looked_back.problem,
                        printf(
                            '%d days of orders are needed',
                            {{ var('churn_model_needs_days') }} + 90
                        )
                    )
            when
                windows.model_area is null
                or windows.model_area
                < greatest(windows.recency_area, windows.frequency_area, windows.overdue_ratio_area)
                then printf(
                    'on past windows a simple rule ranked buyers better (area under the curve'
                    || ' %.3f, recency %.3f, frequency %.3f, overdue ratio %.3f)',
                    windows.model_area,
                    windows.recency_area,
                    windows.frequency_area,
                    windows.overdue_ratio_area
                )
            when windows.model_error >= windows.last_year_error
                then printf(
                    'on past windows "as last year" was nearer (error %.3f purchases, as last'
                    || ' year %.3f)',
                    windows.model_error,
                    windows.last_year_error
                )
        end as refusal

    from fits

    cross join looked_back

    cross join windows

),

verdict as (

    select
        refusal is null as is_fitted,
        refusal is null and spend_problem is null as is_spend_fitted,
        window_count,
        case
            when refusal is not null then 'refused: ' || refusal
            else
                'fitted'
                || case
                    when window_count < 4 then printf(', checked on %d of 4 windows', window_count)
                    else ''
                end
                || coalesce(', without values: ' || spend_problem, '')
        end as prediction_status

    from judged

)

select * from verdict
