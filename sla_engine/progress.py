"""How far systems have come, in event time: what it tells about their silence, and whose moved since the last tick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from model import format_duration, microseconds
from sla_engine.versions import ALWAYS, SlaVersion
from sla_engine.working_time import latest_within

_NEVER = -(2**63) + 1
_FOREVER = 2**62


def progress_told(versions: Iterable[SlaVersion], seen: dict[str, datetime]) -> dict[str, Any]:
    """For each system with a cadence how far it has come and until when its silence means nothing, in microseconds."""
    systems, silent, cadences = [], [], []
    for system, calendar in {each.system: each.system_calendar for each in versions}.items():
        if system is None or system.cadence is None:
            continue
        at = seen.get(system.id)
        until = latest_within(calendar, at, system.cadence) if at else None
        systems.append(system.id)
        silent.append(microseconds(until) if until else _FOREVER if at else _NEVER)
        cadences.append(format_duration(system.cadence))
    return {
        "systems": systems,
        "seen_us": [microseconds(seen[each]) if each in seen else _NEVER for each in systems],
        "silent_us": silent,
        "cadences": cadences,
    }


def moved(before: dict[str, datetime], now: dict[str, datetime]) -> dict[str, datetime]:
    """The systems whose event time differs from the last tick's, with where it stood."""
    return {each: before.get(each, ALWAYS) for each in now if before.get(each) != now[each]}
