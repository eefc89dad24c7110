"""The acceptance language: events at times, the clock advanced, verdicts expected.

    story = Story(store, {"from": "a", "to": "b", "within": "4h"})
    story.happens("a", "2026-03-02T08:00:00Z")
    story.at("2026-03-02T12:00:00.000001Z").is_("breached", due="2026-03-02T12:00:00Z")

The workflow has the milestones a (starts), b (answers, reported by the system wms), p and r (pause, resume) and x
(cancels).
Times are RFC 3339. All is about the order SO-1, unless an event names another. Each story is a tenant of its own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from model import Catalog, ManualClock, catalog_from_sources
from sla_engine import ClockRow, SlaEngine, TickReport, VerdictReader
from store import Store
from tests.sla_engine.received import receive, void

CALENDARS = {
    "berlin": {
        "zone": "Europe/Berlin",
        "hours": {"mon-fri": "09:00-17:00"},
        "holidays": {"country": "DE", "subdivision": "BE"},
        "days": {"2026-12-24": "09:00-13:00", "2026-12-31": "closed"},
    },
    "kept_up": {
        "zone": "Europe/Berlin",
        "hours": {"mon-fri": "09:00-17:00"},
        "maintenance": [
            {"from": "2026-03-09T08:00", "to": "2026-03-09T11:00", "reason": "ERP's upgrade"},
            {"from": "2026-03-10T20:00", "to": "2026-03-10T23:00", "reason": "Night work"},
        ],
    },
    "shop": {
        "zone": "America/New_York",
        "hours": {"mon-fri": "08:00-20:00", "sat": "10:00-24:00", "sun": "00:00-02:00"},
    },
}

ORDER = "SO-1"
SLA = "promise"


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the story."""

    milestone: str
    at: datetime
    order: str = ORDER
    keys: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Applied:
    """A catalog in force from an instant on."""

    catalog: Catalog
    effective_at: datetime


def when(text: str) -> datetime:
    """The instant of an RFC 3339 text."""
    return datetime.fromisoformat(text).astimezone(UTC)


LONG_AGO = "1960-01-01T00:00:00Z"
"""When a story's catalog was applied: before anything that could have been waited for."""

START_OF_STORIES = when("2026-01-01T00:00:00Z")


def catalog(
    *slas: Mapping[str, Any],
    systems: Sequence[Mapping[str, Any]] = (),
    workflow: Mapping[str, Any] = MappingProxyType({}),
) -> Catalog:
    """The story's workflow with SLAs; their id is `promise` unless they have one. `workflow` says more of it."""
    milestones = [
        {
            "id": name,
            "match": {"event": f"test.{name}"},
            "repeatable": True,
            **({"system": "wms"} if name == "b" else {}),
        }
        for name in "abpr"
    ]
    milestones.append({"id": "x", "match": {"event": "test.x"}, "ends": "cancelled"})
    document = {
        "workflow": "orders",
        "keys": {"order": {"attributes": ["order.id"]}, "delivery": {"attributes": ["delivery"]}},
        "root": "order",
        "amount": {"attribute": "total"},
        "milestones": milestones,
        "slas": [{"id": SLA, **sla} for sla in slas],
        "calendars": CALENDARS,
        "systems": list(systems) or [{"id": "wms"}],
        **workflow,
    }
    return catalog_from_sources([("story.yaml", json.dumps(document))])


class Story:
    """One tenant's orders, told step by step."""

    def __init__(
        self,
        store: Store,
        *slas: Mapping[str, Any],
        systems: Sequence[Mapping[str, Any]] = (),
        workflow: Mapping[str, Any] = MappingProxyType({}),
        applied: str = LONG_AGO,
    ) -> None:
        self.store = store
        self.tenant = uuid.uuid4().hex
        self.catalogs = [Applied(catalog(*slas, systems=systems, workflow=workflow), when(applied))]
        self.reader = VerdictReader(store)
        self._systems = systems
        self.restart()

    def restart(self) -> None:
        """A new engine on the same store, as after a crash."""
        self.engine = SlaEngine(self.store, ManualClock(START_OF_STORIES))

    def changes_to(self, at: str, *slas: Mapping[str, Any]) -> None:
        """Another catalog is applied."""
        self.catalogs.append(Applied(catalog(*slas, systems=self._systems), when(at)))

    def happens(self, milestone: str, at: str, **more: Any) -> None:
        """An event becomes known."""
        self.tell([Happening(milestone, when(at), **more)])

    def tell(self, events: Iterable[Happening]) -> None:
        """Several events become known together."""
        receive(self.store, self.tenant, self.catalogs[-1].catalog, list(events))

    def never_happened(self, milestone: str, at: str) -> None:
        """An event is voided."""
        void(self.store, self.tenant, self.catalogs[-1].catalog, milestone, when(at))

    def tick(self, as_of: str | datetime) -> TickReport:
        """The engine judges as of an instant."""
        at = when(as_of) if isinstance(as_of, str) else as_of
        return self.engine.tick(self.tenant, self.catalogs, at)

    def clocks(self, order: str = ORDER) -> list[ClockRow]:
        """The current clocks of an order."""
        return self.reader.instance_clocks(self.tenant, "orders", order)

    def at(self, as_of: str) -> Judged:
        """Let the time come and look at the order's clocks."""
        self.tick(as_of)
        return Judged(self.clocks())


@dataclass(frozen=True, slots=True)
class Judged:
    """The clocks of the order at a point of the story."""

    clocks: list[ClockRow]

    def is_(self, *verdicts: str, due: str | None = "any", since: str | None = None) -> Judged:
        """The clocks, by start, have these verdicts; the only one has that deadline and became so then."""
        assert [str(clock.verdict) for clock in self.clocks] == list(verdicts), [c.reason for c in self.clocks]
        if due != "any":
            assert self.only.deadline_at == (when(due) if due else None)
        if since:
            assert self.only.valid_from == when(since)
        return self

    def because(self, *words: str) -> Judged:
        """The reason of the only clock names all of these."""
        assert all(word in self.only.reason for word in words), self.only.reason
        return self

    @property
    def only(self) -> ClockRow:
        """The only clock there is."""
        (clock,) = self.clocks
        return clock
