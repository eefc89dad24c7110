"""How alive each system is: declared or seen, when it last spoke, what depends on it. Judges no promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from model import Calendar, Catalog
from sla_engine import Coverage, latest_within


class Liveness(StrEnum):
    """`SILENT` is longer than its cadence, `SEEN` has no cadence to be held to, `NEVER` has not been heard at all."""

    LIVE = "live"
    SILENT = "silent"
    SEEN = "seen"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One system. `coverage`: the milestones that name it, by workflow. `is_declared` is false for one only seen,
    `learned` is None for one not heard in the last month.
    """

    id: str
    title: str
    layer: str | None
    owner: str | None
    criticality: str
    services: tuple[str, ...]
    cadence: timedelta | None
    calendar: str | None
    seen_at: datetime | None
    liveness: Liveness
    coverage: Mapping[str, tuple[str, ...]]
    is_declared: bool
    learned: Coverage | None = None


def system_rows(
    catalog: Catalog, seen: Mapping[str, datetime], now: datetime, learned: Mapping[str, Coverage] | None = None
) -> list[SystemRow]:
    """All systems: those of the catalog in its order, then those that milestones or events name, by id."""
    coverage: dict[str, dict[str, list[str]]] = {}
    for workflow in catalog.workflows:
        for milestone in workflow.milestones:
            if milestone.system:
                coverage.setdefault(milestone.system, {}).setdefault(workflow.name, []).append(milestone.id)
    declared = [each.id for each in catalog.systems]
    others = sorted(name for name in {*coverage, *seen} if name and name not in declared)
    rows = [_row(catalog, name, seen.get(name), coverage.get(name, {}), now) for name in (*declared, *others)]
    return [replace(row, learned=(learned or {}).get(row.id)) for row in rows]


def _row(
    catalog: Catalog, name: str, seen_at: datetime | None, coverage: Mapping[str, list[str]], now: datetime
) -> SystemRow:
    system = catalog.system(name)
    cadence = system.cadence if system else None
    calendar = catalog.calendar(system.calendar) if system and system.calendar else None
    return SystemRow(
        id=name,
        title=system.title if system else name,
        layer=system.layer if system else None,
        owner=system.owner if system else None,
        criticality=system.criticality if system else "normal",
        services=system.services if system else (),
        cadence=cadence,
        calendar=system.calendar if system else None,
        seen_at=seen_at,
        liveness=liveness(seen_at, cadence, now, calendar),
        coverage={workflow: tuple(milestones) for workflow, milestones in coverage.items()},
        is_declared=system is not None,
    )


def liveness(
    seen_at: datetime | None, cadence: timedelta | None, now: datetime, calendar: Calendar | None = None
) -> Liveness:
    """How a system stands at `now`; silence counts in the working time of its calendar, where it has one."""
    if seen_at is None:
        return Liveness.NEVER
    if cadence is None:
        return Liveness.SEEN
    until = latest_within(calendar, seen_at, cadence)
    return Liveness.SILENT if until is not None and now > until else Liveness.LIVE
