"""How a story's events reach the platform: as one committed segment of log records, stitched by the correlator."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from correlator import Correlator
from model import Catalog, ManualClock
from store import Store

if TYPE_CHECKING:
    from tests.sla_engine.story import Happening

RECEIVED = datetime(2027, 6, 1, tzinfo=UTC)  # later than any event of a story: none is future-dated
_segments = itertools.count(1)


def receive(store: Store, tenant: str, catalog: Catalog, events: Sequence[Happening]) -> None:
    """Make the events known to the SLA engine."""
    rows = []
    for event in events:
        attributes = {"order.id": event.order, **event.keys, **event.attributes}
        rows.append((event.at, f"test.{event.milestone}", {**attributes, **_identity(event.id)}))
    _send(store, tenant, catalog, rows)


def void(store: Store, tenant: str, catalog: Catalog, milestone: str, occurred_at: datetime) -> None:
    """Somebody says that the events of that milestone and time never were."""
    rows = store.rows(
        "SELECT event_id FROM events FINAL WHERE tenant = {tenant:String} AND milestone = {milestone:String} "
        "AND occurred_at = {at:DateTime64(6)}",
        {"tenant": tenant, "milestone": milestone, "at": occurred_at},
    )
    said = {"actor": "ann", "reason": "A test."}
    corrections = [
        (occurred_at, "throughline.event.voided", {"event_id": id_, **said, **_identity(f"void-{id_}")})
        for id_ in (row["event_id"] for row in rows)
    ]
    assert corrections
    _send(store, tenant, catalog, corrections)


def _identity(id_: str) -> dict[str, str]:
    return {"cloudevents.event_id": id_, "cloudevents.event_source": "/stories"}


def _send(store: Store, tenant: str, catalog: Catalog, records: Sequence[tuple[datetime, str, dict[str, str]]]) -> None:
    at = RECEIVED + timedelta(milliseconds=next(_segments))
    segment = f"{int(at.timestamp() * 1_000_000):016x}-{next(_segments):08x}"
    rows = [(when, "stories", name, attributes, at, tenant, segment) for when, name, attributes in records]
    store.insert(
        "otel_logs",
        ("Timestamp", "ServiceName", "EventName", "LogAttributes", "ReceivedAt", "Tenant", "SegmentId"),
        rows,
    )
    store.insert(
        "segments",
        ("tenant", "segment_id", "signal", "rows", "received_from", "received_to", "committed_at"),
        [(tenant, segment, "logs", len(rows), at, at, at)],
    )
    Correlator(store, ManualClock(at + timedelta(seconds=1))).tick(tenant, catalog)
