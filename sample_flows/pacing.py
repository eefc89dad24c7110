"""Accelerated time for live cases, without a single event from the future.

A live case begins some time ago (its lag) and is played so many times faster than life until it has caught up with
the present; from there on it lives in real time. The lag is shorter than any promise made on the way: a platform that
judges by its own clock would otherwise see promises broken that were only told late. So an express order, which takes
about two hours, goes by in two minutes at sixty times the speed; one that misses its promise catches up minutes before
the promise is due, and then breaks it before our eyes; a standard order is released to the warehouse while we look, and
is picked tomorrow. At the speed of life itself there is no lag: all happens when it happens.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sample_flows.case import Case, Step, in_order, minutes
from sample_flows.faults import with_faults
from sample_flows.plans import plan_case
from sample_flows.plans.order_to_cash import EXPRESS

SPEED = 60.0
FASTEST = 1000.0
"""Then two hundred orders begin each minute, and an express order is over in eight seconds."""

ORDERS_A_MINUTE = 0.2
"""Of business time: an order each five minutes."""

LONGEST_LAG = minutes(150)
_WHOLE_LIFE = minutes(130)


@dataclass(frozen=True)
class LiveCase:
    """A case with the time it was started at in the real world, and how it catches up."""

    case: Case
    started_at: datetime
    lag: timedelta
    play: timedelta

    def due(self, step: Step) -> datetime:
        """When, in the real world, the step is to happen: never before the instant it is stamped with."""
        since_begun = step.sent_at - self.case.began_at
        caught_up = self.started_at + self.play
        played = self.started_at + since_begun * (self.play / (self.lag + self.play))
        return max(step.sent_at, min(played, caught_up))


def live_case(
    workflow: str, seed: int, ordinal: int, started_at: datetime, faults: tuple[str, ...] = (), speed: float = SPEED
) -> LiveCase:
    """The live case with that ordinal; the same whenever it is asked for. The speed is from 1 to `FASTEST`."""
    dice = random.Random(f"{seed}/{ordinal}/{workflow}/pace")
    played = _to_catch_up(plan_case(workflow, seed, ordinal, started_at), dice)
    play = played / speed
    lag = played - play
    case = plan_case(workflow, seed, ordinal, started_at - lag)
    case = with_faults(case, faults, seed, case.began_at)
    return LiveCase(replace(case, steps=in_order(case.steps)), started_at, lag, play)


def _to_catch_up(case: Case, dice: random.Random) -> timedelta:
    """How much of its life is played fast."""
    life = max(step.sent_at for step in case.steps if not step.gather) - case.began_at
    if case.workflow == "inventory_sync":
        return min(life, timedelta(minutes=3))
    if case.workflow != "order_to_cash":
        return min(life, minutes(dice.uniform(60, 85)))
    if life <= _WHOLE_LIFE:
        return max(life, minutes(20))
    created = next((step for step in case.steps if step.milestone == "delivery_created"), None)
    missed = {"late_goods_issue", "never_picked"} & set(case.mishaps)
    if case.kind == EXPRESS and created is not None and missed:
        due_after = datetime.fromisoformat(created.promise) - case.began_at
        return min(due_after - minutes(dice.uniform(1, 8)), LONGEST_LAG)
    return minutes(dice.uniform(60, 85))
