"""How a story's events reach the SLA engine: as the correlator leaves them, or through the correlator itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from model import Catalog
from store import Store
from tests.sla_engine.story import Happening

_VERSIONS = itertools.count(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000_000))


class AsDerived:
    """Writes the correlator's tables directly: fast, for tests of many schedules. Keys are carried, not linked."""

    def tell(self, store: Store, tenant: str, catalog: Catalog, events: Sequence[Happening]) -> None:
        """Make the events known to the SLA engine."""
        workflow = catalog.workflow("orders")
        version = next(_VERSIONS)
        known = datetime(2026, 11, 1, tzinfo=UTC)
        rows, members, seen = [], [], []
        for event in events:
            milestone = workflow.milestone(event.milestone)
            ends = str(milestone.ends) if milestone.ends else ""
            keys = {"order": [event.order], **{name: [value] for name, value in event.keys.items()}}
            typed = [f"orders\x1f{name}\x1f{value}" for name, values in keys.items() for value in values]
            declared = milestone.system or ""
            ends_with = (event.at, event.at, known, typed, dict(event.attributes), 1)
            rows.append(
                (tenant, "orders", event.id, milestone.id, milestone.place, ends, declared, declared, *ends_with)
            )
            instance = f"orders\x1forder\x1f{event.order}"
            members.append((tenant, instance, event.id, "orders", event.order, event.at, known, milestone.id, version))
            if declared:
                seen.append((tenant, declared, event.at.replace(second=0, microsecond=0), event.at))
        columns = ("tenant", "workflow", "event_id", "milestone", "place", "outcome", "system", "declared_system")
        columns += ("occurred_at", "started_at", "received_at", "typed_keys", "attributes", "rank_of_version")
        store.insert("events", columns, rows)
        columns = (
            "tenant",
            "instance",
            "event_id",
            "workflow",
            "key",
            "occurred_at",
            "received_at",
            "milestone",
            "version",
        )
        store.insert("memberships", columns, members)
        store.insert("system_seen", ("tenant", "system", "minute", "seen_at"), seen)
        orders = sorted({event.order for event in events})
        store.insert(
            "touched", ("tenant", "version", "workflow", "key"), [(tenant, version, "orders", each) for each in orders]
        )
        store.insert("correlator_ticks", ("tenant", "version", "at", "segments"), [(tenant, version, known, 1)])
