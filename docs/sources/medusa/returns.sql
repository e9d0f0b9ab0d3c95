-- incremental: updated_at
select
    "return".id,
    "return".order_id,
    coalesce("return".requested_at, "return".created_at) as occurred_at,
    "return".received_at as resolved_at,
    "return".refund_amount as amount,
    reasons.label as reason,
    "return".updated_at
from "return"
cross join lateral (
    select min(return_reason.label) as label
    from return_item
    inner join return_reason
        on return_item.reason_id = return_reason.id
    where return_item.return_id = "return".id and return_item.deleted_at is null
) as reasons
where
    "return".canceled_at is null
    and "return".deleted_at is null
    and "return".status <> 'open'
