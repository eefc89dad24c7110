"""What happens to a requisition: approved, ordered, acknowledged, received, invoiced, matched, paid; or not.

Procurement sits in New York, the dock and the books in Hamburg. The supplier's portal knows the purchase order and its
own invoice; the dock's terminal knows the purchase order printed on the papers; the bank only the invoice it pays.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sample_flows.case import Case, Draft, Step, hours, minutes, to_millisecond
from sample_flows.working_time import BERLIN, FINANCE, PURCHASING

WORKFLOW = "procure_to_pay"

MISHAPS = {
    "slow_approval": 0.06,
    "rejected": 0.05,
    "silent_supplier": 0.03,
    "late_goods": 0.08,
    "price_difference": 0.1,
    "price_difference_forever": 0.02,
    "late_match": 0.04,
    "late_payment": 0.05,
}


def plan_requisition(seed: int, ordinal: int, began_at: datetime) -> Case:
    """The whole life of the requisition that is raised when the order with that ordinal is placed."""
    draft = Draft(WORKFLOW, seed, ordinal, began_at)
    mishap = draft.suffers(MISHAPS)
    number, order = f"REQ-{200_000 + ordinal}", f"{4_500_000_000 + ordinal}"
    total, root = f"{draft.dice.lognormvariate(7.2, 0.9):.2f}", ("requisition", number)
    owner = [number]
    payload = {"requisition": number, "total": total, "currency": "USD"}
    told = {"amount": total, "currency": "USD"}
    draft.add("requisition_raised", "procurement", "/requisitions", draft.began_at, payload, owner, [root], **told)
    decided_at = _decided_at(draft, mishap)
    decision = "rejected" if mishap == "rejected" else "approved"
    payload = {"requisition": number, "decision": decision}
    draft.add(f"requisition_{decision}", "procurement", "/decisions", decided_at, payload, owner, [root])
    if mishap == "rejected":
        return draft.finished()
    ordered_at = decided_at + draft.between(minutes(2), minutes(25))
    promised_at = _promise(draft, ordered_at)
    promise = promised_at.date().isoformat()
    payload = {"requisition": number, "purchase_order": order, "promise": promise}
    keys = [root, ("purchase_order", order)]
    draft.add("purchase_ordered", "erp", "/purchase-orders", ordered_at, payload, owner, keys, promise=promise)
    if mishap != "silent_supplier":
        at = ordered_at + draft.between(minutes(5), hours(18), power=2)
        payload = {"purchase_order": order}
        draft.add("order_acknowledged", "supplier_portal", "/acknowledgements", at, payload, owner, keys[1:])
    receipts = _receive(draft, owner, order, ordered_at, promised_at, mishap)
    _pay(draft, owner, order, total, receipts[-1].at, mishap)
    return draft.finished()


def _decided_at(draft: Draft, mishap: str) -> datetime:
    if mishap == "slow_approval":
        return PURCHASING.due(draft.began_at, hours(16)) + draft.between(minutes(10), hours(20), power=2)
    return PURCHASING.due(draft.began_at, draft.between(minutes(3), hours(12), power=2))


def _promise(draft: Draft, ordered_at: datetime) -> datetime:
    """The end of a day in Hamburg, two to nine days ahead."""
    day = ordered_at.astimezone(BERLIN).date() + timedelta(days=draft.dice.randint(2, 9))
    return datetime.combine(day, time(23, 59, 59, 999999), BERLIN)


def _receive(
    draft: Draft, owner: list[str], order: str, ordered_at: datetime, promised_at: datetime, mishap: str
) -> list[Step]:
    """One goods receipt, or two for a partial delivery; the first decides about the promise."""
    if mishap == "late_goods":
        at = promised_at + draft.between(hours(6), hours(60))
    else:
        at = ordered_at + (promised_at - ordered_at) * draft.dice.uniform(0.35, 0.9)
    receipts = []
    for index in range(2 if draft.dice.random() < 0.2 else 1):
        receipt = f"GR-{50_000_000 + 10 * draft.ordinal + index}"
        payload = {"purchase_order": order, "receipt": receipt}
        keys = [("purchase_order", order), ("goods_receipt", receipt)]
        receipts.append(draft.add("goods_received", "dock", "/receipts", to_millisecond(at), payload, owner, keys))
        at += draft.between(hours(3), hours(40))
    return receipts


def _pay(draft: Draft, owner: list[str], order: str, total: str, received_at: datetime, mishap: str) -> None:
    invoice = f"RE-{700_000 + draft.ordinal}"
    keys = [("purchase_order", order), ("supplier_invoice", invoice)]
    at = received_at + draft.between(minutes(20), hours(20), power=2)
    payload = {"purchase_order": order, "invoice": invoice, "total": total}
    draft.add("invoice_received", "supplier_portal", "/invoices", at, payload, owner, keys)
    matched_at = FINANCE.due(at, draft.between(minutes(10), hours(9), power=2))
    if mishap in ("price_difference", "price_difference_forever"):
        blocked_at = at + draft.between(minutes(4), minutes(40))
        draft.add("invoice_blocked", "erp", "/invoice-blocks", blocked_at, {"invoice": invoice}, owner, keys[1:])
        if mishap == "price_difference_forever":
            return
        released_at = blocked_at + draft.between(hours(2), hours(50))
        draft.add("invoice_released", "erp", "/invoice-releases", released_at, {"invoice": invoice}, owner, keys[1:])
        matched_at = FINANCE.due(released_at, draft.between(minutes(10), hours(3)))
    if mishap == "late_match":
        matched_at = FINANCE.due(at, hours(16)) + draft.between(minutes(30), hours(20))
    payload = {"invoice": invoice, "purchase_order": order}
    draft.add("invoice_matched", "erp", "/invoice-matches", matched_at, payload, owner, keys)
    wait = draft.between(hours(250), hours(400)) if mishap == "late_payment" else draft.between(hours(20), hours(220))
    payload = {"reference": invoice, "payment": f"PAY-{draft.ordinal}", "amount": total, "currency": "USD"}
    draft.add("payment_executed", "bank", "/payments", matched_at + wait, payload, owner, keys[1:])
