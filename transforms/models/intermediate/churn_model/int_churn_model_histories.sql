-- What was known of each buyer on each cutoff, and what came of it. Days that are over are
-- looked at through a fixed sample of the buyers, which is all of them in a shop that has not
-- more.
with

cutoffs as (

    select * from {{ ref('int_churn_model_cutoffs') }}

),

purchases as (

    select
        customer_id,
        purchase_date,
        purchase_number,
        -- In days of the calendar where the category has a season; none where nothing falls due.
        case
            when season_from is null and not is_one_off then usual_gap_days
            else date_diff('day', purchase_date, next_purchase_expected_date)
        end as usual_gap_days,
        revenue

    from {{ ref('int_purchases_with_rhythm') }}

),

buyers as (

    select * from {{ ref('int_churn_model_buyers') }}

),

asked as (

    select
        cutoffs.cutoff_date,
        cutoffs.cutoff_date + cutoffs.horizon_days as ends_on,
        cutoffs.cutoff_date - 365 as year_before,
        cutoffs.cutoff_date - 365 + cutoffs.horizon_days as year_before_ends_on,
        purchases.customer_id,
        purchases.purchase_date,
        purchases.purchase_number,
        purchases.usual_gap_days,
        purchases.revenue

    from purchases

    inner join buyers
        on purchases.customer_id = buyers.customer_id

    inner join cutoffs
        on
            purchases.purchase_date <= cutoffs.cutoff_date + cutoffs.horizon_days
            and (cutoffs.cutoff_kind = 'as_of' or buyers.is_in_sample)

),

-- All days looked at are answered by one pass over the purchases; to look each of them up costs
-- three times as much.
summed as (

    select
        cutoff_date,
        customer_id,
        max(purchase_date) filter (where purchase_date <= cutoff_date) as last_purchase_date,
        max(purchase_number) filter (where purchase_date <= cutoff_date) as purchase_count,
        -- That of the last purchase, be it null.
        arg_max_null(usual_gap_days, purchase_number) filter (
            where purchase_date <= cutoff_date
        ) as usual_gap_days,
        sum(revenue) filter (where purchase_date <= cutoff_date) as spent_so_far,
        max(purchase_number) as purchase_count_at_end,
        sum(revenue) as spent_at_end,
        max(purchase_number) filter (
            where purchase_date <= year_before
        ) as purchase_count_year_before,
        max(purchase_number) filter (
            where purchase_date <= year_before_ends_on
        ) as purchase_count_year_before_end

    from asked

    group by
        cutoff_date,
        customer_id

    having min(purchase_date) <= cutoff_date

),

compared as (

    select
        cutoffs.cutoff_kind,
        cutoffs.window_number,
        buyers.first_purchase_date,
        buyers.spent_at_first,
        buyers.is_in_sample,
        summed.*,
        coalesce(summed.purchase_count_year_before_end, 0)
        - coalesce(summed.purchase_count_year_before, 0) as purchases_as_last_year

    from summed

    inner join cutoffs
        on summed.cutoff_date = cutoffs.cutoff_date

    inner join buyers
        on summed.customer_id = buyers.customer_id

),

histories as (

    select
        cutoff_date,
        cutoff_kind,
        window_number,
        customer_id,
        is_in_sample,
        purchase_count - 1 as repeat_count,
        date_diff('day', first_purchase_date, last_purchase_date) as days_to_last,
        date_diff('day', first_purchase_date, cutoff_date) as age_days,
        date_diff('day', last_purchase_date, cutoff_date) as days_since_last_purchase,
        date_diff('day', last_purchase_date, cutoff_date) / usual_gap_days as overdue_ratio,
        usual_gap_days,
        cast(
            (spent_so_far - spent_at_first) / nullif(purchase_count - 1, 0) as decimal(18, 4)
        ) as repeat_value,
        -- Near enough to share simulated spending: exact up to twenty, then in steps of a tenth;
        -- ages in steps of four weeks.
        case
            when purchase_count <= 21 then purchase_count - 1
            else cast(
                round(20 * power(1.1, round(ln((purchase_count - 1) / 20) / ln(1.1)))) as bigint
            )
        end as repeat_cell,
        date_diff('day', first_purchase_date, cutoff_date) // 28 * 28 + 14 as age_cell,
        purchases_as_last_year,
        case when cutoff_kind <> 'as_of' then purchase_count_at_end - purchase_count end
            as purchases_after,
        case when cutoff_kind <> 'as_of' then spent_at_end - spent_so_far end as spent_after

    from compared

)

select * from histories
