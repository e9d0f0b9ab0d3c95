-- MBG/NBD in SQL: Batislam, Denizel and Filiztekin 2007. What is expected of somebody who is
-- still a customer depends on repeat count and age alone and was computed once for each pair of
-- them.
with

histories as (

    select * from {{ ref('int_churn_model_histories') }}

),

fits as (

    select * exclude (expectations, spend_quantiles, season_index)

    from {{ ref('int_churn_model_fits') }}

    where problem is null

),

pairs as (

    select
        cutoff_date,
        unnest(expectations) as pair

    from {{ ref('int_churn_model_fits') }}

),

expectations as (

    select
        cutoff_date,
        pair['repeat_count'] as repeat_count,
        pair['age_days'] as age_days,
        pair['expected_90d'] as expected_while_alive_90d,
        pair['expected_365d'] as expected_while_alive_365d

    from pairs

),

cells as (

    select
        cutoff_date,
        unnest(spend_quantiles) as cell

    from {{ ref('int_churn_model_fits') }}

),

quantiles as (

    select
        cutoff_date,
        cell['repeat_cell'] as repeat_cell,
        cell['age_cell'] as age_cell,
        cell['quantiles'] as spend_quantiles

    from cells

),

odds as (

    select
        histories.*,
        fits.calibration_intercept,
        fits.calibration_slope,
        fits.season_factor_90d,
        -- A history without a value of its own has the mean of all.
        fits.spend_p * histories.repeat_count
        / (fits.spend_p * histories.repeat_count + fits.spend_q - 1) as own_weight,
        fits.spend_mean,
        ln(fits.a / (fits.b + histories.repeat_count))
        + (fits.r + histories.repeat_count)
        * ln(
            (fits.alpha + histories.age_days / 7) / (fits.alpha + histories.days_to_last / 7)
        ) as log_odds_of_having_left,
        (fits.r + histories.repeat_count)
        * ln(
            (fits.alpha + histories.age_days / 7)
            / (fits.alpha + histories.age_days / 7 + 90.0 / 7 * fits.season_factor_90d)
        ) as log_chance_of_waiting

    from histories

    inner join fits
        on histories.cutoff_date = fits.cutoff_date

),

alive as (

    select
        *,
        1 / (1 + exp(least(log_odds_of_having_left, 700))) as p_alive

    from odds

),

raw_chances as (

    select
        *,
        least(greatest(p_alive * (1 - exp(log_chance_of_waiting)), 1e-9), 1 - 1e-9)
            as p_buys_uncalibrated

    from alive

),

scores as (

    select
        raw_chances.cutoff_date,
        raw_chances.cutoff_kind,
        raw_chances.window_number,
        raw_chances.customer_id,
        raw_chances.repeat_count,
        raw_chances.days_since_last_purchase,
        raw_chances.overdue_ratio,
        raw_chances.usual_gap_days,
        raw_chances.purchases_as_last_year,
        raw_chances.purchases_after,
        raw_chances.spent_after,
        raw_chances.season_factor_90d,
        raw_chances.p_alive,
        raw_chances.p_buys_uncalibrated,
        1 / (
            1 + exp(
                -raw_chances.calibration_intercept
                - raw_chances.calibration_slope
                * ln(raw_chances.p_buys_uncalibrated / (1 - raw_chances.p_buys_uncalibrated))
            )
        ) as p_buys_90d,
        raw_chances.p_alive * expectations.expected_while_alive_90d as expected_purchases_90d,
        raw_chances.p_alive * expectations.expected_while_alive_365d as expected_purchases_365d,
        (1 - raw_chances.own_weight) * raw_chances.spend_mean
        + raw_chances.own_weight * coalesce(cast(raw_chances.repeat_value as double), 0)
            as expected_order_value,
        -- Who has left spends nothing; the quantiles are those of one who has not.
        case
            when raw_chances.p_alive <= 0.9 then 0 * quantiles.spend_quantiles[1]
            else quantiles.spend_quantiles[
                1 + cast(round(100 * (1 - 0.9 / raw_chances.p_alive)) as integer)
            ]
        end as relative_spend_low,
        case
            when raw_chances.p_alive <= 0.1 then 0 * quantiles.spend_quantiles[1]
            else quantiles.spend_quantiles[
                1 + cast(round(100 * (1 - 0.1 / raw_chances.p_alive)) as integer)
            ]
        end as relative_spend_high

    from raw_chances

    inner join expectations
        on
            raw_chances.cutoff_date = expectations.cutoff_date
            and raw_chances.repeat_count = expectations.repeat_count
            and raw_chances.age_days = expectations.age_days

    left outer join quantiles
        on
            raw_chances.cutoff_date = quantiles.cutoff_date
            and raw_chances.repeat_cell = quantiles.repeat_cell
            and raw_chances.age_cell = quantiles.age_cell

)

select * from scores
