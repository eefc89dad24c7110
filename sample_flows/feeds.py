"""The promises of feeds in the sample catalog, judged in plain Python: which silences were too long.

A silence begins with a system's last event of a minute and ends with its first of a later one. As in `promises`, this
is the answer key, and the catalog's YAML is its only specification.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest


@dataclass(frozen=True)
class FeedRule:
    """A promise that a system reports the instances of a workflow at least every so often."""

    sla: str
    system: str
    every: timedelta


@dataclass(frozen=True)
class Silence:
    """A time in which a feed said nothing; `ended_at` is None while it lasts."""

    sla: str
    system: str
    started_at: datetime
    deadline_at: datetime
    ended_at: datetime | None

    def is_broken(self, as_of: datetime) -> bool:
        """Whether it lasted beyond its deadline by then."""
        return (self.ended_at or as_of) > self.deadline_at


FEEDS: dict[str, tuple[FeedRule, ...]] = {
    "order_to_cash": (FeedRule("carrier_reports", "carrier", timedelta(hours=4)),),
    "inventory_sync": (FeedRule("marketplace_reports", "marketplace", timedelta(hours=6)),),
}
"""The promises of the catalog, by workflow, in the same order."""


def silences(rule: FeedRule, times: Iterable[datetime], as_of: datetime) -> list[Silence]:
    """All silences of a feed whose events have these times, as they are known at `as_of`."""
    minutes: dict[tuple[datetime, bool], list[datetime]] = {}
    for at in sorted(each for each in times if each <= as_of):
        minute = at.replace(second=0, microsecond=0)
        minutes.setdefault((minute, at != minute), []).append(at)
    groups = list(minutes.values())
    return [
        Silence(rule.sla, rule.system, group[-1], group[-1] + rule.every, following[0] if following else None)
        for group, following in zip_longest(groups, groups[1:])
    ]
