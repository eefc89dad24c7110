"""What a plan is made of: steps, and the business cases they belong to.

A step is something a person or a job does to one system at an instant (a customer orders, a picker scans a parcel, a
billing run posts an invoice). Systems do the rest by calling each other. A case is all that ever happens to a few
workflow instances that are bound together: mostly one order; two orders where they share an invoice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Keys = tuple[tuple[str, str], ...]
"""(key type, normalized value), in no particular order."""

LOST = "lost"
TWICE = "redeliver"
RENAMED = "renamed:"


@dataclass(frozen=True)
class Step:
    """One thing done to one system at `at`, reported at `sent_at` (the same, unless the report is late).

    `id` is unique over all cases of a seed and decides the trace and span ids. `instances` are the root keys of those
    it really belongs to, `keys` what its report tells, normalized as in the catalog. `promise` (ISO 8601) and `amount`
    are told too. `wire` is what goes wrong on the way: `redeliver` (the report is sent twice), `lost` (never),
    `busy:<system>` (that system refuses the first attempt), `down:<system>` (all attempts), `renamed:<key type>` (the
    report calls that key by a name nobody knows). Steps of a system with the same `gather` are done together, as one
    batch.
    """

    id: str
    milestone: str
    system: str
    path: str
    payload: dict[str, Any]
    at: datetime
    sent_at: datetime
    instances: tuple[str, ...]
    keys: Keys
    promise: str = ""
    amount: str = ""
    currency: str = ""
    wire: tuple[str, ...] = ()
    gather: str = ""

    @property
    def is_reported(self) -> bool:
        """Whether the platform ever hears of it."""
        return LOST not in self.wire

    @property
    def told_keys(self) -> Keys:
        """The keys in the report as the platform can read them."""
        renamed = {fault.removeprefix(RENAMED) for fault in self.wire if fault.startswith(RENAMED)}
        return tuple((kind, value) for kind, value in self.keys if kind not in renamed)

    def values(self, kind: str) -> tuple[str, ...]:
        """The values told of a key type."""
        return tuple(value for each, value in self.told_keys if each == kind)


@dataclass(frozen=True)
class Case:
    """All that will ever happen to its instances; steps in the order in which they are reported.

    `ordinal` (from 1) is that of the order it begins with; `mishaps` name what is wrong with it.
    """

    workflow: str
    ordinal: int
    kind: str
    began_at: datetime
    mishaps: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def instances(self) -> tuple[str, ...]:
        """The root keys of its instances, in the order in which they appear."""
        return tuple(dict.fromkeys(key for step in self.steps for key in step.instances))

    @property
    def name(self) -> str:
        """The first of its instances, for messages."""
        return self.instances[0]


@dataclass
class Draft:
    """A case being planned; `kind` and `mishaps` may be set until it is finished."""

    workflow: str
    seed: int
    ordinal: int
    began_at: datetime
    kind: str = "standard"
    mishaps: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.began_at = to_millisecond(self.began_at)
        self.dice = random.Random(f"{self.seed}/{self.ordinal}/{self.workflow}")

    def between(self, low: timedelta, high: timedelta, power: float = 1.0) -> timedelta:
        """A duration in [low, high], in whole milliseconds; a power above 1 favours the short ones."""
        share = self.dice.random() ** power
        return timedelta(milliseconds=round((low + (high - low) * share) / timedelta(milliseconds=1)))

    def suffers(self, shares: Mapping[str, float]) -> str:
        """One of these mishaps, by its share, or an empty text; it is noted."""
        drawn = self.dice.random()
        for name, share in shares.items():
            if drawn < share:
                self.mishaps.append(name)
                return name
            drawn -= share
        return ""

    def add(
        self,
        milestone: str,
        system: str,
        path: str,
        at: datetime,
        payload: dict[str, Any],
        instances: Iterable[str],
        keys: Iterable[tuple[str, str]],
        **more: Any,
    ) -> Step:
        """Append a step; its id follows from the instance, the milestone and how many there are of it."""
        index = self.counts[milestone]
        self.counts[milestone] += 1
        owners = tuple(instances)
        step_id = f"{self.seed}/{owners[0]}/{milestone}/{index}"
        step = Step(step_id, milestone, system, path, payload, at, at, owners, tuple(keys), **more)
        self.steps.append(step)
        return step

    def finished(self) -> Case:
        """The case as drafted."""
        steps = in_order(self.steps)
        return Case(self.workflow, self.ordinal, self.kind, self.began_at, tuple(self.mishaps), steps)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The order in which they are reported."""
    return tuple(sorted(steps, key=lambda step: (step.sent_at, step.at)))


def to_millisecond(at: datetime) -> datetime:
    """In UTC, without the digits that a CloudEvent's time does not have."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def minutes(count: float) -> timedelta:
    """That many minutes."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """That many hours."""
    return timedelta(hours=count)
