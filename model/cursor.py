"""Cursors: where a page ended, as a text that means nothing to its bearer."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence

from model.errors import BadRequest

TEXT = str
INT64 = range(-(1 << 63), 1 << 63)
UINT32 = range(1 << 32)
UINT16 = range(1 << 16)
UINT8 = range(1 << 8)

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no store takes


def cursor_of(position: Sequence[str | int]) -> str:
    """The cursor of a position."""
    return base64.urlsafe_b64encode(json.dumps(list(position)).encode()).decode().rstrip("=")


def position_of(cursor: str, kinds: Sequence[type[str] | range]) -> tuple[str | int, ...]:
    """The position of a cursor: texts, and numbers within the ranges given; raises `BadRequest` for anything else."""
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        position = None
    is_ours = isinstance(position, list) and len(position) == len(kinds)
    if not is_ours or not all(map(_is_of, position, kinds)):
        raise BadRequest("This cursor was not given out by this list. Start again without one.")
    return tuple(position)


def _is_of(part: object, kind: type[str] | range) -> bool:
    if isinstance(kind, range):
        return type(part) is int and part in kind
    return isinstance(part, str) and not _SURROGATE.search(part)
