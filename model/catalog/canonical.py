"""The hash of a definition: SHA-256 over canonical JSON, so that equal meaning gives equal hashes everywhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any

import holidays

from model.definitions import Calendar, Sla, Workflow

HOLIDAY_YEARS = range(2000, 2051)
"""The years whose public holidays count into a calendar's hash."""


def plain(value: Any) -> Any:
    """A frozen definition as JSON types: durations in seconds, dates and times as ISO text, sets sorted."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        told = ((each, getattr(value, each.name)) for each in fields(value) if each.compare)
        return {each.name: plain(own) for each, own in told if own or not each.metadata.get("later")}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (date, time)):  # datetimes are dates
        return value.isoformat()
    if isinstance(value, (frozenset, set)):
        return sorted(plain(each) for each in value)
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value


def canonical_json(value: Any) -> str:
    """Plain JSON with sorted keys and no spaces: the same text for the same meaning."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def calendar_hash(calendar: Calendar) -> str:
    """Covers zone, hours, own days and the public holidays themselves, not the calendar's name."""
    days = public_holidays(calendar.country, calendar.subdivision)
    closed = [(each.from_at, each.to_at) for each in calendar.maintenance]
    return digest([calendar.zone, calendar.hours, calendar.days, days, *([closed] if closed else [])])


def workflow_hash(workflow: Workflow) -> str:
    """Covers what decides its instances: keys, matchers, systems, outcomes, amount; not titles, owners, SLAs."""
    milestones = [{**plain(each), "title": "", "stuck_after": None} for each in workflow.milestones]
    return digest([workflow.name, workflow.root, workflow.keys, milestones, workflow.amount, workflow.in_order])


def sla_hash(sla: Sla, calendar: Calendar | None) -> str:
    """Covers what decides its verdicts, its calendar's meaning included; not titles, owners, severity, objective."""
    told = ("title", "severity", "owner", "objective", "calendar", "hash")
    later = ("every", "volume", "feed", "where", "tiers")  # left out where not given: what is older keeps its hash
    meaning = {name: value for name, value in plain(sla).items() if name not in told and (value or name not in later)}
    return digest([meaning, calendar.hash if calendar else None])


@lru_cache(maxsize=256)
def public_holidays(country: str | None, subdivision: str | None) -> tuple[date, ...]:
    """The public holidays of `HOLIDAY_YEARS`, sorted; none without a country. Raises what the library raises."""
    if country is None:
        return ()
    return tuple(sorted(holidays.country_holidays(country, subdiv=subdivision, years=HOLIDAY_YEARS)))


@lru_cache(maxsize=1)
def known_countries() -> dict[str, tuple[str, ...]]:
    """Country codes of the `holidays` library with their subdivisions, aliases included."""
    return {code: tuple(each) for code, each in holidays.list_supported_countries(include_aliases=True).items()}
