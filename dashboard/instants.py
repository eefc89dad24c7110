"""Which instants may be asked for: those that ClickHouse can hold. What lies outside is a slip, or a probe."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic_core import PydanticCustomError

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AFTER_THE_LATEST = datetime(2300, 1, 1, tzinfo=UTC)


def storable(at: datetime) -> datetime:
    """The instant; raises a `ValueError` that says why it cannot be asked for."""
    if not EARLIEST <= at < AFTER_THE_LATEST:
        raise PydanticCustomError("instant", "a time must lie in the years from 1900 to 2299")
    return at
