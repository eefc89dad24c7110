"""Accelerated time for live orders, without a single event from the future.

A live order begins some time ago (its lag) and is played faster than life until it has caught up with the present; from
there on it lives in real time. The lag is shorter than any promise made on the way: a platform that judges by its own
clock would otherwise see promises broken that were only told late. So an express order, which takes about two hours,
goes by in a minute or two; one that misses its promise catches up minutes before the promise is due, and then
breaks it before our eyes; a standard order is released to the warehouse while we look, and is picked tomorrow.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sample_flows.plan import EXPRESS, Order, Step, minutes, plan_order

LONGEST_LAG = minutes(150)
_WHOLE_LIFE = minutes(130)


@dataclass(frozen=True)
class LiveOrder:
    """An order with the time it was started at in the real world, and how it catches up."""

    order: Order
    started_at: datetime
    lag: timedelta
    play: timedelta

    def due(self, step: Step) -> datetime:
        """When, in the real world, the step is to happen: never before the instant it is stamped with."""
        since_placed = step.sent_at - self.order.placed_at
        caught_up = self.started_at + self.play
        played = self.started_at + since_placed * (self.play / (self.lag + self.play))
        return played if played < caught_up else max(step.sent_at, caught_up)


def live_order(seed: int, ordinal: int, started_at: datetime) -> LiveOrder:
    """The live order with that ordinal; the same whenever it is asked for."""
    dice = random.Random(f"{seed}/{ordinal}/pace")
    play = timedelta(seconds=dice.uniform(60, 140))
    lag = _lag(plan_order(seed, ordinal, started_at), dice)
    order = plan_order(seed, ordinal, started_at - lag)
    steps = tuple(sorted(order.steps, key=lambda step: step.sent_at))
    return LiveOrder(replace(order, steps=steps), started_at, lag, play)


def _lag(order: Order, dice: random.Random) -> timedelta:
    life = order.steps[-1].sent_at - order.placed_at
    if life <= _WHOLE_LIFE:
        return max(life, minutes(20))
    created = next((step for step in order.steps if step.milestone == "delivery_created"), None)
    missed = {"late_goods_issue", "never_picked"} & set(order.faults)
    if order.kind == EXPRESS and created is not None and missed:
        due_after = datetime.fromisoformat(created.promise) - order.placed_at
        return min(due_after - minutes(dice.uniform(1, 8)), LONGEST_LAG)
    return minutes(dice.uniform(60, 110))
