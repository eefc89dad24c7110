"""What the tests of file import share: write a file, import it, read what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.importing import ImportMapping, ImportReport, import_file
from model import ManualClock
from store import Store

MAPPINGS = Path(__file__).parent / "mappings"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

PLAIN = "id,at,kind,order\n1,2026-01-02T03:04:05Z,placed,SO-1\n2,2026-01-03,shipped ,SO-2\n"
EXPECTED = [
    {"id": "1", "at": "2026-01-02T03:04:05Z", "type": "placed", "order": "SO-1"},
    {"id": "2", "at": "2026-01-03T00:00:00Z", "type": "shipped", "order": "SO-2"},
]

"""A file for the mapping below, and the records that come of it."""

SHOP: dict[str, Any] = {
    "source": "shop",
    "format": "csv",
    "id": "id",
    "time": {"column": "at"},
    "type": {"column": "kind"},
    "attributes": {"order": "order"},
}
"""A mapping of a file with the columns id, at, kind, order."""


def shop(**changes: Any) -> ImportMapping:
    """The mapping above with some keys changed; None takes one out."""
    return ImportMapping.model_validate({k: v for k, v in {**SHOP, **changes}.items() if v is not None})


def imported(store: Store, path: Path, mapping: ImportMapping, **options: Any) -> ImportReport:
    """Import a file to its end."""
    *_, report = import_file(store, path, mapping, clock=ManualClock(NOW), **options)
    assert isinstance(report, ImportReport)
    return report


def records(store: Store) -> list[dict[str, Any]]:
    """The log records stored, by event id: id, at, type, and the other attributes."""
    found = []
    for row in store.rows("SELECT * FROM otel_logs ORDER BY LogAttributes['cloudevents.event_id'], Timestamp"):
        attributes = dict(row["LogAttributes"])
        assert attributes.pop("cloudevents.event_source") == row["ServiceName"]
        assert row["Body"] == ""
        at = row["Timestamp"].isoformat().replace("+00:00", "Z")
        found.append({"id": attributes.pop("cloudevents.event_id"), "at": at, "type": row["EventName"], **attributes})
    return found
