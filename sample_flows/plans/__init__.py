"""What happens in the sample company, decided beforehand: pure, the same for the same seed, number and time.

Everything begins with an order: some orders have a stock movement, a requisition or a new business partner beside them
that begins at the same time and bears the order's ordinal.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from sample_flows.case import Case, hours
from sample_flows.plans import inventory, master_data, order_to_cash, procure_to_pay
from sample_flows.working_time import BERLIN


@dataclass(frozen=True)
class Process:
    """A workflow as it is planned: its key types from the root outward, and one case for every so many orders."""

    plan: Callable[[int, int, datetime], Case]
    keys: tuple[str, ...]
    every: int


PROCESSES: dict[str, Process] = {
    order_to_cash.WORKFLOW: Process(order_to_cash.plan_order, ("order", "delivery", "invoice"), 1),
    inventory.WORKFLOW: Process(inventory.plan_movement, ("movement",), 3),
    procure_to_pay.WORKFLOW: Process(
        procure_to_pay.plan_requisition,
        ("requisition", "purchase_order", "goods_receipt", "supplier_invoice"),
        8,
    ),
    master_data.WORKFLOW: Process(master_data.plan_partner, ("account", "partner"), 20),
}


def plan_case(workflow: str, seed: int, ordinal: int, began_at: datetime) -> Case:
    """One case."""
    return PROCESSES[workflow].plan(seed, ordinal, began_at)


def beginning_with(ordinal: int, workflows: Sequence[str]) -> list[str]:
    """The workflows, of those wanted, that begin a case with the order of that ordinal."""
    return [name for name in workflows if ordinal % PROCESSES[name].every == 0]


def case_history(
    seed: int, orders: int, until: datetime, days: float, workflows: Sequence[str] = tuple(PROCESSES)
) -> Iterator[Case]:
    """The cases of `orders` orders over the `days` before `until`, more by day than by night; the oldest first."""
    for ordinal, began_at in enumerate(instants(seed, orders, until, days), start=1):
        for workflow in beginning_with(ordinal, workflows):
            yield plan_case(workflow, seed, ordinal, began_at)


def instants(seed: int, count: int, until: datetime, days: float) -> Iterator[datetime]:
    """When orders are placed, in order: `count` instants; the last two days have more of them."""
    slots = max(1, round(days * 24))
    begin = until - timedelta(days=days)
    loads = list(accumulate(_load(begin + hours(slot), slots - slot) for slot in range(slots)))
    dice = random.Random(f"{seed}/history")
    for place in range(count):
        wanted = (place + dice.random()) / count * loads[-1]
        slot = min(bisect_left(loads, wanted), slots - 1)
        before = loads[slot - 1] if slot else 0.0
        part = (wanted - before) / (loads[slot] - before)
        yield begin + timedelta(days=days) * ((slot + part) / slots)


def _load(at: datetime, hours_left: int) -> float:
    by_day = 1.0 if 7 <= at.astimezone(BERLIN).hour < 22 else 0.4
    return by_day * (1.7 if hours_left <= 48 else 1.0)
