"""Cursors: where a page ended, as a text that means nothing to its bearer."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from model import BadRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encoded(position: Sequence[str | int]) -> str:
    """The cursor of a position."""
    return base64.urlsafe_b64encode(json.dumps(list(position)).encode()).decode().rstrip("=")


def decoded(cursor: str, kinds: Sequence[type]) -> tuple[str | int, ...]:
    """The position of a cursor whose parts are of these kinds; raises `BadRequest` for anything else."""
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, UnicodeDecodeError):
        position = None
    if not isinstance(position, list) or [type(each) for each in position] != list(kinds):
        raise BadRequest("This cursor was not given out by this list. Start again without one.")
    return tuple(position)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)
