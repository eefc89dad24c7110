"""Cursors: where a page ended, as a text that means nothing to its bearer.

Each says which list it is of, so that none is taken for a place in another one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from hashlib import blake2s

from model.errors import BadRequest

TEXT = str
INT64 = range(-(1 << 63), 1 << 63)
UINT32 = range(1 << 32)
UINT16 = range(1 << 16)
UINT8 = range(1 << 8)

_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no store takes


def cursor_of(of: Sequence[str], position: Sequence[str | int]) -> str:
    """The cursor of a position in the list `of`: its name, and what it is a list of (a workflow, an SLA)."""
    return base64.urlsafe_b64encode(json.dumps([_named(of), *position]).encode()).decode().rstrip("=")


def position_of(of: Sequence[str], cursor: str, kinds: Sequence[type[str] | range]) -> tuple[str | int, ...]:
    """The position of a cursor in the list `of`: texts, and numbers within the ranges given.

    Raises `BadRequest` for anything else, also for a cursor of another list.
    """
    try:
        given = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        given = None
    name, *position = given if isinstance(given, list) and given else [None]
    is_ours = name == _named(of) and len(position) == len(kinds)
    if not is_ours or not all(map(_is_of, position, kinds)):
        raise BadRequest("This cursor was not given out by this list. Start again without one.")
    return tuple(position)


def _named(of: Sequence[str]) -> str:
    """A short name for a list, whose own may be as long as a key."""
    return blake2s(json.dumps(list(of)).encode(), digest_size=6).hexdigest()


def _is_of(part: object, kind: type[str] | range) -> bool:
    if isinstance(kind, range):
        return type(part) is int and part in kind
    return isinstance(part, str) and not _SURROGATE.search(part)
