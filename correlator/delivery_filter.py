"""Which of many event ids may be stored already, without reading the table for those that are not.

Ids are random: ten thousand of them lie in nearly every block of `event_copies`, so to look them up is to read its ids
from end to end, at each tick. But mostly they are new, and a Bloom filter of one 64-bit word for a few ids tells so of
all but one in a hundred (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store import Sql, Store, load_query

FILTERED = 250_000
"""Of fewer stored deliveries all are read: that takes no longer than the statements a filter needs."""

LOOKED_UP = 2500
"""Of more ids that may be stored than this the table is asked for all staged ones."""

_IDS_PER_WORD = 5
"""At most, on average: one in a hundred new ids is looked up in vain then. A new filter has room for twice as many."""

_MOST_WORDS = 1 << 24
"""128 MB. Over more than 84 million deliveries more and more new ids are looked up in vain."""

_READ_AT_ONCE = 1_000_000
_PROBES = 4
_BITS_OF_PLACE = 6

Ids = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class MaybeKnown:
    """Those half ids of staged events that may be stored, all that are among them; None: the table has to say for all.

    `stored` is about how many deliveries are, of whatever tenant.
    """

    ids: list[int] | None
    stored: int


class DeliveryFilter:
    """Of one store. Not for several threads; another process may write deliveries between two calls."""

    def __init__(self, filtered_from: int = FILTERED) -> None:
        self._filtered_from = filtered_from
        self._words = np.zeros(1, np.uint64)
        self._room = self._last = 0
        self._folder = ""

    def among_staged(self, store: Store) -> MaybeKnown:
        """Which of the staged events may be known, by what is stored now. From here on they count as stored."""
        parts = self._parts(store)
        stored = parts["stored"]
        if stored < self._filtered_from:
            return MaybeKnown(None, stored)
        if parts["folder"] != self._folder or parts["last"] < self._last or stored > self._room:
            self._clear(2 * stored)
            self._folder = parts["folder"]
            parts = self._parts(store)
        if parts["unread"]:
            for ids in _written_since(store, self._last, parts["unread"]):
                self._add(ids)
            # Named before the ids were read: of what came meanwhile some is read again.
            self._last = parts["last"]
        staged = _ids(store, Sql(load_query("correlator", "staged_halves")))
        bits = _bits(staged)
        found = staged[self._words[self._word_of(staged)] & bits == bits]
        self._add(staged)
        return MaybeKnown(found.tolist() if len(found) <= LOOKED_UP else None, stored)

    def wrote_staged(self, store: Store, rows: int) -> None:
        """The staged events have been written, as so many rows: they need not be read, unless others' are among them.

        Once they are merged with what was there before, they cannot be told apart any more.
        """
        if self._room:
            parts = self._parts(store)
            if parts["unread"] == rows:
                self._last = parts["last"]

    def _parts(self, store: Store) -> dict[str, Any]:
        [parts] = store.rows(load_query("correlator", "delivery_parts"), {"last": self._last})
        return parts

    def _clear(self, room: int) -> None:
        """Hold nothing, with room for so many ids at least where that is not more than may be held."""
        words = min(_MOST_WORDS, 1 << max(10, (room // _IDS_PER_WORD).bit_length()))
        self._words = np.zeros(words, np.uint64)
        self._room = words * _IDS_PER_WORD if words < _MOST_WORDS else 1 << 62
        self._last = 0

    def _add(self, ids: Ids) -> None:
        np.bitwise_or.at(self._words, self._word_of(ids), _bits(ids))

    def _word_of(self, ids: Ids) -> NDArray[np.intp]:
        # The first bits: the table has ids in their order, so words are written one after another as they lie.
        return (ids >> np.uint64(65 - len(self._words).bit_length())).astype(np.intp)


def _bits(ids: Ids) -> Ids:
    """Which bits of its word stand for an id."""
    bits = np.zeros_like(ids)
    for probe in range(_PROBES):
        place = (ids >> np.uint64(_BITS_OF_PLACE * probe)) & np.uint64(63)
        bits |= np.uint64(1) << place
    return bits


def _written_since(store: Store, last: int, rows: int) -> Iterator[Ids]:
    """The half ids in parts with a block after that, of some `rows` rows, in portions."""
    portions = rows // _READ_AT_ONCE + 1
    bounds = [(1 << 64) * each // portions for each in range(portions + 1)]
    for start, end in pairwise(bounds):
        params = {"last": last, "start": start, "until": end - 1}
        yield _ids(store, Sql(load_query("correlator", "delivered_halves"), params))


def _ids(store: Store, statement: Sql) -> Ids:
    return np.frombuffer(store.raw(statement, "RowBinary"), dtype="<u8")
