-- What counts at most of one person's revenue when a programme's results are compared: what all but
-- one in twenty buyers spent in as many days before. One large order would drown everything else.
with

windows as (

    select
        programme,
        outcome_window_days as window_days
    from {{ ref('programmes') }}

    union all

    select
        'all' as programme,
        {{ var('global_control_window_days') }} as window_days

),

lengths as (

    select distinct window_days from windows

),

revenue as (

    select * from {{ ref('int_revenue_by_customer') }}

),

spent as (

    select
        lengths.window_days,
        revenue.customer_id,
        sum(revenue.amount) as amount

    from lengths

    inner join revenue
        on
            {{ as_of_date() }} - lengths.window_days < revenue.happened_on
            and {{ as_of_date() }} >= revenue.happened_on

    group by
        lengths.window_days,
        revenue.customer_id

),

limits as (

    select
        window_days,
        percentile_disc(0.95) within group (order by amount) as revenue_cap

    from spent

    where amount > 0

    group by window_days

),

caps as (

    select
        windows.programme,
        cast(limits.revenue_cap as decimal(18, 2)) as revenue_cap

    from windows

    inner join limits
        on windows.window_days = limits.window_days

)

select * from caps
