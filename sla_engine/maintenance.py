"""Which maintenance windows took working time away, so that a verdict can say what moved its deadline.

A window outside working hours moves nothing and is not told of; neither is one of an SLA whose due date is promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from model import Calendar, Sla, instant, microseconds
from sla_engine.versions import SlaVersion
from sla_engine.working_time import spans_of_year

Lost = tuple[int, int, str]
"""The first and the last microsecond since 1970 of working time that a window took away, and the window in words."""


def maintenance_told(versions: Iterable[SlaVersion]) -> dict[str, Any]:
    """The parameters by which `judge.sql` tells of maintenance: for each definition and window one entry."""
    found = [
        (version.sla.hash, *lost)
        for version in versions
        if version.calendar is not None and version.calendar.maintenance and _runs(version.sla)
        for lost in _lost(version.calendar)
    ]
    names = ("closed_of", "closed_since", "closed_until", "closed_why")
    return {name: [each[place] for each in found] for place, name in enumerate(names)}


def _runs(sla: Sla) -> bool:
    """Whether its deadline is where working time is used up."""
    return sla.within is not None or sla.every is not None or bool(sla.tiers)


@lru_cache(maxsize=256)
def _lost(calendar: Calendar) -> tuple[Lost, ...]:
    always = replace(calendar, maintenance=())
    zone = ZoneInfo(calendar.zone)
    found = []
    for each in calendar.maintenance:
        since, until = (microseconds(at.replace(tzinfo=zone).astimezone(UTC)) for at in (each.from_at, each.to_at))
        spans = [
            (max(opens * 1_000_000, since), min(closes * 1_000_000, until))
            for year in range(each.from_at.year, each.to_at.year + 1)
            for opens, closes in spans_of_year(always, year)
        ]
        taken = [span for span in spans if span[0] < span[1]]
        if taken:
            words = f"{each.reason} ({_text(instant(since))} to {_text(instant(until))} UTC)"
            found.append((taken[0][0], taken[-1][1], words))
    return tuple(sorted(found))


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
