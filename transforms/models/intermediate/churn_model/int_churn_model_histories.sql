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
        sum(revenue) over (
            partition by customer_id
            order by purchase_number
        ) as spent_so_far

    from {{ ref('int_purchases_with_rhythm') }}

),

buyers as (

    select * from {{ ref('int_churn_model_buyers') }}

),

asked as (

    select
        cutoffs.cutoff_date,
        cutoffs.cutoff_kind,
        cutoffs.window_number,
        buyers.customer_id,
        buyers.first_purchase_date,
        buyers.spent_at_first,
        buyers.is_in_sample,
        cutoffs.cutoff_date + cutoffs.horizon_days as ends_on,
        cutoffs.cutoff_date - 365 as year_before,
        cutoffs.cutoff_date - 365 + cutoffs.horizon_days as year_before_ends_on

    from cutoffs

    inner join buyers
        on cutoffs.cutoff_date >= buyers.first_purchase_date

    where
        cutoffs.cutoff_kind = 'as_of'
        or buyers.is_in_sample

),

at_cutoff as (

    select
        asked.*,
        purchases.purchase_date as last_purchase_date,
        purchases.purchase_number as purchase_count,
        purchases.usual_gap_days,
        purchases.spent_so_far

    from asked

    asof inner join purchases
        on
            asked.customer_id = purchases.customer_id
            and asked.cutoff_date >= purchases.purchase_date

),

at_end as (

    select
        at_cutoff.*,
        purchases.purchase_number as purchase_count_at_end,
        purchases.spent_so_far as spent_at_end

    from at_cutoff

    asof inner join purchases
        on
            at_cutoff.customer_id = purchases.customer_id
            and at_cutoff.ends_on >= purchases.purchase_date

),

a_year_before as (

    select
        at_end.*,
        coalesce(purchases.purchase_number, 0) as purchase_count_year_before

    from at_end

    asof left join purchases
        on
            at_end.customer_id = purchases.customer_id
            and at_end.year_before >= purchases.purchase_date

),

compared as (

    select
        a_year_before.*,
        coalesce(purchases.purchase_number, 0) - a_year_before.purchase_count_year_before
            as purchases_as_last_year

    from a_year_before

    asof left join purchases
        on
            a_year_before.customer_id = purchases.customer_id
            and a_year_before.year_before_ends_on >= purchases.purchase_date

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
