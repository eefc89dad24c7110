"""What happens to a stock movement: the warehouse tells the ERP, a message tells both sales channels.

Twenty movements are under way at a time in a real shop; here one begins with every third order.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sample_flows.case import Case, Draft, minutes

WORKFLOW = "inventory_sync"

MISHAPS = {"slow_posting": 0.02, "late_marketplace": 0.03, "late_storefront": 0.01, "marketplace_missed_it": 0.006}


def plan_movement(seed: int, ordinal: int, began_at: datetime) -> Case:
    """The whole life of the stock movement that is made when the order with that ordinal is placed."""
    draft = Draft(WORKFLOW, seed, ordinal, began_at)
    mishap = draft.suffers(MISHAPS)
    number = f"MV-{30_000_000 + ordinal}"
    owner, keys = [number], [("movement", number)]
    body = {"movement": number, "sku": f"SKU-{draft.dice.randint(1, 400):04}", "quantity": draft.dice.randint(-9, 60)}
    draft.add("stock_changed", "wms", "/stock-movements", draft.began_at, body, owner, keys)
    slow = draft.between(minutes(6), minutes(30)) if mishap == "slow_posting" else timedelta(0)
    posted_at = draft.began_at + slow + draft.between(timedelta(seconds=2), timedelta(seconds=25))
    draft.add("stock_posted", "erp", "/stock-postings", posted_at, body, owner, keys)
    for channel in ("storefront", "marketplace"):
        wait = draft.between(timedelta(seconds=2), timedelta(seconds=45), power=2)
        if mishap == f"late_{channel}":
            wait = draft.between(minutes(11), minutes(90), power=2)
        if mishap == "marketplace_missed_it" and channel == "marketplace":
            continue
        draft.add(f"{channel}_updated", channel, "/queues/stock", posted_at + wait, body, owner, keys)
    return draft.finished()
