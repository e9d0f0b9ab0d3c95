-- stream: orders
with

-- One reading of the record for all of its fields. Only shop money: what the buyer was shown is in
-- a currency of his own.
orders as (

    select
        row_number,
        unnest(
            from_json(
                record,
                '{
                    "legacyResourceId": "VARCHAR",
                    "test": "BOOLEAN",
                    "processedAt": "VARCHAR",
                    "updatedAt": "VARCHAR",
                    "cancelledAt": "VARCHAR",
                    "displayFinancialStatus": "VARCHAR",
                    "taxesIncluded": "BOOLEAN",
                    "currencyCode": "VARCHAR",
                    "email": "VARCHAR",
                    "discountCodes": ["VARCHAR"],
                    "customer": {"id": "VARCHAR"},
                    "subtotalPriceSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}},
                    "totalDiscountsSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}},
                    "totalRefundedShippingSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}},
                    "refunds": [{
                        "createdAt": "VARCHAR",
                        "processedAt": "VARCHAR",
                        "totalRefundedSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}}
                    }],
                    "lineItems": {"nodes": [{
                        "quantity": "DECIMAL(18, 4)",
                        "isGiftCard": "BOOLEAN",
                        "originalUnitPriceSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}},
                        "discountAllocations": [{
                            "allocatedAmountSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}}
                        }],
                        "taxLines": [{"priceSet": {"shopMoney": {"amount": "DECIMAL(18, 4)"}}}]
                    }]}
                }'
            )
        )

    from records

),

amounts as (

    select
        row_number,
        subtotalpriceset.shopmoney.amount as subtotal,
        coalesce(
            list_sum(
                flatten(
                    list_transform(
                        lineitems.nodes,
                        lambda line: list_transform(
                            line.taxlines, lambda tax: tax.priceset.shopmoney.amount
                        )
                    )
                )
            ),
            0
        ) as goods_tax,
        -- A gift card is paid for now and counts when somebody buys goods with it.
        coalesce(
            list_sum(
                list_transform(
                    list_filter(lineitems.nodes, lambda line: line.isgiftcard),
                    lambda line: line.quantity * line.originalunitpriceset.shopmoney.amount
                    - coalesce(
                        list_sum(
                            list_transform(
                                line.discountallocations,
                                lambda part: part.allocatedamountset.shopmoney.amount
                            )
                        ),
                        0
                    )
                )
            ),
            0
        ) as gift_cards,
        -- What goes back with a cancellation is the cancellation's; Shopify writes both at once.
        list_sort(
            list_transform(
                list_filter(
                    refunds,
                    lambda refund: refund.totalrefundedset.shopmoney.amount > 0
                    and coalesce(
                        try_cast(coalesce(refund.createdat, refund.processedat) as timestamptz)
                        < try_cast(cancelledat as timestamptz) - interval 5 minutes,
                        true
                    )
                ),
                lambda refund: {
                    'refunded_at': coalesce(refund.createdat, refund.processedat),
                    'amount': refund.totalrefundedset.shopmoney.amount
                }
            )
        ) as refunds,
        case
            when cancelledat is null
                then coalesce(totalrefundedshippingset.shopmoney.amount, 0)
            else 0
        end as refunded_shipping

    from orders

),

-- Goods without tax, as far as the order tells it apart, and what was paid for them with it.
goods as (

    select
        orders.row_number,
        amounts.refunds,
        amounts.refunded_shipping,
        greatest(
            amounts.subtotal
            - amounts.gift_cards
            - case when orders.taxesincluded then amounts.goods_tax else 0 end,
            0
        ) as net,
        greatest(
            amounts.subtotal
            - amounts.gift_cards
            + case when orders.taxesincluded then 0 else amounts.goods_tax end,
            0
        ) as gross

    from orders

    inner join amounts
        on orders.row_number = amounts.row_number

),

-- A version of the order for each time that money went back: the newest alone would move all of it
-- to the last of them on every earlier day. Money goes back with tax, and postage not for goods.
steps as (

    select
        row_number,
        net,
        step,
        len(refunds) as step_count,
        refunds[step].refunded_at as refunded_at,
        round(
            least(
                list_sum(list_transform(refunds[1:step], lambda refund: refund.amount)),
                greatest(
                    list_sum(list_transform(refunds, lambda refund: refund.amount))
                    - refunded_shipping,
                    0
                ),
                gross
            )
            * case when gross > 0 then net / gross else 0 end,
            4
        ) as refunded

    from (
        select
            *,
            unnest(range(least(len(refunds), 1), len(refunds) + 1)) as step
        from goods
    ) as goods_stepwise

),

mapped as (

    select
        orders.row_number,
        orders.legacyresourceid as order_id,
        orders.processedat as ordered_at,
        split_part(orders.customer.id, '/', -1) as customer_id,
        -- A guest has no customer: the address given at checkout tells who it is.
        orders.email,
        case
            when steps.step < steps.step_count then 'paid'
            when
                orders.cancelledat is not null
                or orders.displayfinancialstatus in ('VOIDED', 'EXPIRED')
                then 'cancelled'
            when orders.displayfinancialstatus = 'REFUNDED' then 'refunded'
            when orders.displayfinancialstatus in ('PAID', 'PARTIALLY_REFUNDED') then 'paid'
            when
                coalesce(orders.displayfinancialstatus, 'PENDING')
                in ('AUTHORIZED', 'PENDING', 'PARTIALLY_PAID')
                then 'pending'
            -- One that nobody knows yet goes to quarantine.
            else lower(orders.displayfinancialstatus)
        end as status,
        cast(steps.net as decimal(18, 4)) as total,
        orders.totaldiscountsset.shopmoney.amount as discount,
        case when steps.step > 0 then cast(steps.refunded as decimal(18, 4)) end as refunded,
        steps.refunded_at,
        case when steps.step = steps.step_count then orders.cancelledat end as cancelled_at,
        orders.currencycode as currency,
        nullif(array_to_string(orders.discountcodes, ', '), '') as coupon_code,
        orders.test as is_test,
        case
            when steps.step < steps.step_count then steps.refunded_at
            else orders.updatedat
        end as updated_at

    from orders

    inner join steps
        on orders.row_number = steps.row_number

)

select * from mapped
