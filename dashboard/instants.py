"""Which instants may be asked for: those that ClickHouse can hold. What lies outside is a slip, or a probe.

A bare number is none: pydantic takes it for seconds since 1970, so that the year 2026 would be half past midnight then.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pydantic_core import PydanticCustomError

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AFTER_THE_LATEST = datetime(2300, 1, 1, tzinfo=UTC)


DATE = re.compile(r"\s*\d{4}-", re.ASCII)


def written(value: object) -> object:
    """A time as RFC 3339 writes it; raises a `ValueError` for a number."""
    if isinstance(value, datetime) or (isinstance(value, str) and DATE.match(value)):
        return value
    raise PydanticCustomError("instant", "a time is written like 2026-11-29T14:00:00Z")


def storable(at: datetime) -> datetime:
    """The instant; raises a `ValueError` that says why it cannot be asked for."""
    if not EARLIEST <= at < AFTER_THE_LATEST:
        raise PydanticCustomError("instant", "a time must lie in the years from 1900 to 2299")
    return at
