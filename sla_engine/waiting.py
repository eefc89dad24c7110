"""Who used up the time: the share of the elapsed time of an SLA's clocks spent waiting for each milestone and system.

Between two events of an instance the time belongs to the later one: that is what was waited for. Time is the SLA's own,
business time with a calendar; pauses are not left out, since the reader wants to see the customer's share too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from correlator import instance_events
from model import Catalog, Sla
from sla_engine.calendar_table import CalendarTable
from sla_engine.reading import window_start
from store import Sql, Store, spliced

MOST_CLOCKS = 10_000
"""Of an SLA with more clocks in its window the latest so many are looked at."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Time spent waiting for one milestone of one system (None: nobody reports it); shares add up to 1."""

    milestone: str
    system: str | None
    time: timedelta
    waits: int
    share: float


class WaitingReader:
    """Reads clocks and the events of their instances. Compiles calendars it needs, like a tick."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def waited(self, tenant: str, catalog: Catalog, sla: Sla, now: datetime) -> list[Waited]:
        """Largest share first, of the clocks that began in the window of the SLA's objective; empty for none."""
        workflow = catalog.workflow(sla.workflow)
        of_sla = {"tenant": tenant, "workflow": sla.workflow, "sla": sla.id}
        window = {"since": window_start(sla, now), "now": now, "most": MOST_CLOCKS}
        clocks = Sql(spliced("sla_engine", "looked_at").text, {**of_sla, **window})
        events = instance_events(tenant, workflow, Sql(f"SELECT key FROM ({clocks.text})", clocks.params))
        points = spliced("sla_engine", "waiting_points", clocks=clocks, events=events)
        params: dict[str, Any] = {
            "from_milestone": sla.from_milestone,
            "to_milestone": sla.to_milestone,
            "to_system": workflow.milestone(sla.to_milestone).system or "",
            "calendar": "",
        }
        own = "own_time_elapsed"
        if sla.calendar is not None:
            calendar = catalog.calendar(sla.calendar)
            span = self._store.rows(
                Sql(f"SELECT min(started_at) AS first, max(ends_at) AS last FROM ({clocks.text})", clocks.params)
            )[0]
            first_us = CalendarTable(self._store).cover(tenant, calendar, span["first"], span["last"], timedelta())
            own, params = "own_time_working", {**params, "calendar": calendar.hash}
            params |= {"calendars": [calendar.hash], "first_us": [first_us]}
        query = spliced("sla_engine", "waited_for", timed=spliced("sla_engine", own, rows=points))
        rows = self._store.rows(query, params)
        total = sum(row["waited_us"] for row in rows)
        return [
            Waited(
                row["milestone"],
                row["system"] or None,
                timedelta(microseconds=row["waited_us"]),
                row["waits"],
                row["waited_us"] / total,
            )
            for row in rows
        ]
