"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from model import BadRequest


def instant(text: str) -> datetime:
    """A date (its beginning) or an RFC 3339 instant; UTC where no offset is given. Raises `BadRequest`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"{text!r} is no time: write it like 2026-03-01 or 2026-03-01T08:00:00Z.") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
