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
    at = RECEIVED + timedelta(milliseconds=next(_segments))
    segment = f"{int(at.timestamp() * 1_000_000):016x}-{next(_segments):08x}"
    rows = []
    for event in events:
        attributes = {"order.id": event.order, **event.keys, **event.attributes}
        identity = {"cloudevents.event_id": event.id, "cloudevents.event_source": "/stories"}
        rows.append((event.at, "stories", f"test.{event.milestone}", {**attributes, **identity}, at, tenant, segment))
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
