-- stream: orders
with

orders as (

    select
        row_number,
        unnest(
            from_json(
                record,
                '{
                    "id": "VARCHAR",
                    "status": "VARCHAR",
                    "currency": "VARCHAR",
                    "date_created_gmt": "VARCHAR",
                    "date_modified_gmt": "VARCHAR",
                    "date_paid_gmt": "VARCHAR",
                    "discount_total": "VARCHAR",
                    "total": "DECIMAL(18, 4)",
                    "customer_id": "VARCHAR",
                    "billing": {"email": "VARCHAR"},
                    "line_items": [{"total": "DECIMAL(18, 4)"}],
                    "fee_lines": [{"total": "DECIMAL(18, 4)"}],
                    "coupon_lines": [{"code": "VARCHAR"}],
                    "refund_details": [{
                        "date_created_gmt": "VARCHAR",
                        "amount": "DECIMAL(18, 4)",
                        "line_items": [{"total": "DECIMAL(18, 4)"}]
                    }]
                }'
            )
        )

    from records

),

-- Lines are without tax and postage already. A fee is no goods; one below zero is a discount.
goods as (

    select
        row_number,
        total as paid,
        refund_details,
        cast(
            greatest(
                coalesce(list_sum(list_transform(line_items, lambda line: line.total)), 0)
                + coalesce(
                    list_sum(list_transform(fee_lines, lambda fee: least(fee.total, 0))), 0
                ),
                0
            ) as decimal(18, 4)
        ) as goods_total

    from orders

),

-- A refund leaves the order's total as it is. One of lines says what they were worth, one of an
-- amount alone gives back tax and postage in the same measure as goods.
refunds as (

    select
        *,
        list_sort(
            list_transform(
                refund_details,
                lambda refund: {
                    'refunded_at': refund.date_created_gmt || 'Z',
                    'amount': case
                        when
                            coalesce(
                                list_sum(
                                    list_transform(refund.line_items, lambda line: line.total)
                                ),
                                0
                            )
                            <> 0
                            then
                                -list_sum(
                                    list_transform(refund.line_items, lambda line: line.total)
                                )
                        when paid > 0 then refund.amount * goods_total / paid
                        else 0
                    end
                }
            )
        ) as given_back

    from goods

),

-- A version of the order for each time that money went back: the newest alone would move all of it
-- to the last of them on every earlier day.
steps as (

    select
        row_number,
        goods_total,
        step,
        coalesce(len(given_back), 0) as step_count,
        given_back[step].refunded_at as refunded_at,
        case
            when step > 0
                then
                    least(
                        list_sum(
                            list_transform(given_back[1:step], lambda refund: refund.amount)
                        ),
                        goods_total
                    )
        end as refunded

    from (
        select
            *,
            unnest(
                range(
                    least(coalesce(len(given_back), 0), 1), coalesce(len(given_back), 0) + 1
                )
            ) as step
        from refunds
    ) as refunds_stepwise

),

judged as (

    select
        *,
        case
            when status in ('processing', 'completed') then 'paid'
            when status = 'refunded' then 'refunded'
            when status = 'on-hold' then 'pending'
            -- Checkouts that were never paid stay in these states, some for ever; they are no
            -- purchases, not even for a day.
            when status in ('pending', 'failed', 'cancelled', 'trash', 'checkout-draft')
                then 'cancelled'
            -- Plugins bring states of their own, like shipped: whether it was paid tells enough.
            when date_paid_gmt is not null then 'paid'
            else 'pending'
        end as meaning

    from orders

),

mapped as (

    select
        judged.row_number,
        judged.id as order_id,
        judged.date_created_gmt || 'Z' as ordered_at,
        -- A guest has number 0; the address given at checkout tells who it is.
        nullif(judged.customer_id, '0') as customer_id,
        nullif(judged.billing.email, '') as email,
        case when steps.step < steps.step_count then 'paid' else judged.meaning end as status,
        steps.goods_total as total,
        judged.discount_total as discount,
        cast(round(steps.refunded, 4) as decimal(18, 4)) as refunded,
        steps.refunded_at,
        case
            when steps.step < steps.step_count or judged.meaning <> 'cancelled' then null
            when judged.date_paid_gmt is null then judged.date_created_gmt || 'Z'
            else judged.date_modified_gmt || 'Z'
        end as cancelled_at,
        judged.currency,
        nullif(
            array_to_string(
                list_transform(judged.coupon_lines, lambda coupon: coupon.code), ', '
            ),
            ''
        ) as coupon_code,
        case
            when steps.step < steps.step_count then steps.refunded_at
            else judged.date_modified_gmt || 'Z'
        end as updated_at

    from judged

    inner join steps
        on judged.row_number = steps.row_number

)

select * from mapped
