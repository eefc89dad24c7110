"""Which of many random ids may be stored already, without reading the table for those that are not.

Random ids lie everywhere: to look up those of ten thousand events is to read a column from end to end, at each tick.
But mostly they are new, and a Bloom filter of one 64-bit word for a few ids tells so of all but one in a hundred
(Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007, section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store import Sql, Store, load_query

FILTERED = 250_000
"""Over fewer stored deliveries tables are read: that takes no longer than the statements a filter needs."""

LOOKED_UP = 2500
"""Where more ids than this may be stored, the table is asked for all."""

_IDS_PER_WORD = 5
"""At most, on average: one in a hundred new ids is looked up in vain then. A new filter has room for twice as many."""

_MOST_WORDS = 1 << 24
"""128 MB. Over more than 84 million rows more and more new ids are looked up in vain."""

_READ_AT_ONCE = 2_000_000
_PROBES = 4
_BITS_OF_PLACE = 6

Ids = NDArray[np.uint64]


class Lookup(Enum):
    """What is looked up; its value is the end of the names of the statements that give ids, stored and staged."""

    DELIVERIES = "halves"
    EVENT_KEYS = "event_keys"
    INSTANCES = "instances"
    LINKS = "links"

    @property
    def table(self) -> str:
        """In which the ids are stored."""
        return {"halves": "event_copies", "links": "key_links"}.get(self.value, self.value)

    @property
    def pays_from(self) -> int:
        """From how many times as many rows as `FILTERED` on: to ask for links takes a statement in each round."""
        return 4 if self is Lookup.LINKS else 0


class StoredFilter:
    """Of the tables of one store. Another process may write them between two ticks.

    Not for several threads, except that each may ask for a lookup of its own.
    """

    def __init__(self, filtered_from: int = FILTERED) -> None:
        self._filtered_from = filtered_from
        self._of = {each: _Filter(each) for each in Lookup}
        self._kept: frozenset[Lookup] = frozenset()

    def look(self, store: Store) -> int:
        """See what is stored by now; about how many deliveries, of whatever tenant. What a tick has to begin with."""
        parts = self._parts(store)
        stored = parts[Lookup.DELIVERIES.table]["stored"]
        pays = (each for each in Lookup if parts[each.table]["stored"] >= each.pays_from * self._filtered_from)
        self._kept = frozenset(pays if stored >= self._filtered_from else ())
        anew = [self._of[each].begin_anew(parts[each.table]) for each in self._kept]
        if any(anew):
            parts = self._parts(store)
        for each in self._kept:
            self._of[each].catch_up(store, parts[each.table])
        return int(stored)

    def keeps(self, lookup: Lookup) -> bool:
        """Whether there is a filter of that, in this tick."""
        return lookup in self._kept

    def last(self, lookup: Lookup) -> int:
        """The block up to which the filter has what is stored: what this tick writes comes after it."""
        return self._of[lookup].last

    def among(self, lookup: Lookup, ids: Ids) -> list[int] | None:
        """Those ids that may be stored, all that are among them; None: the table has to say for all."""
        if lookup not in self._kept:
            return None
        found = self._of[lookup].among(ids)
        return found.tolist() if len(found) <= LOOKED_UP else None

    def ids(self, store: Store, lookup: Lookup, query: str, params: Mapping[str, object] | None = None) -> Ids:
        """What a statement of the room gives, one id in a row; nothing where no filter is kept."""
        if lookup not in self._kept:
            return np.zeros(0, np.uint64)
        return _ids(store, Sql(load_query("correlator", query), params or {}))

    def wrote(self, store: Store, written: Mapping[Lookup, tuple[Ids, int]]) -> None:
        """Ids have been written, in so many rows: they need not be read, unless others' are among them.

        Once they are merged with what was there before, they cannot be told apart any more.
        """
        if not self._kept:
            return
        parts = self._parts(store)
        for lookup, (ids, rows) in written.items():
            if lookup in self._kept:
                self._of[lookup].wrote(ids, rows, parts[lookup.table])

    def _parts(self, store: Store) -> dict[str, dict[str, Any]]:
        tables = [each.table for each in Lookup]
        params = {"tables": tables, "lasts": [each.last for each in self._of.values()]}
        found = {row["table"]: row for row in store.rows(load_query("correlator", "stored_parts"), params)}
        return {table: found.get(table, _NO_PARTS) for table in tables}


_NO_PARTS: dict[str, Any] = {"stored": 0, "unread": 0, "last": 0, "folder": ""}


class _Filter:
    """Of one table: a cache of its ids, and of nothing else."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._words = np.zeros(1, np.uint64)
        self._room = -1
        self._folder = ""
        self.last = 0

    def begin_anew(self, parts: Mapping[str, Any]) -> bool:
        """Hold nothing, where the table is another one or has outgrown the room; whether that was so."""
        if parts["folder"] == self._folder and parts["last"] >= self.last and parts["stored"] <= self._room:
            return False
        words = min(_MOST_WORDS, 1 << max(10, (2 * parts["stored"] // _IDS_PER_WORD).bit_length()))
        self._words = np.zeros(words, np.uint64)
        self._room = words * _IDS_PER_WORD if words < _MOST_WORDS else 1 << 62
        self._folder = parts["folder"]
        self.last = 0
        return True

    def catch_up(self, store: Store, parts: Mapping[str, Any]) -> None:
        """Read what has been written since."""
        if parts["unread"]:
            for ids in self._written_since(store, parts["unread"]):
                self._add(ids)
            # Named before the ids were read: of what came meanwhile some is read again.
            self.last = parts["last"]

    def among(self, ids: Ids) -> Ids:
        bits = _bits(ids)
        found: Ids = ids[self._words[self._word_of(ids)] & bits == bits]
        return found

    def wrote(self, ids: Ids, rows: int, parts: Mapping[str, Any]) -> None:
        if parts["unread"] == rows:
            self._add(ids)
            self.last = parts["last"]

    def _add(self, ids: Ids) -> None:
        np.bitwise_or.at(self._words, self._word_of(ids), _bits(ids))

    def _word_of(self, ids: Ids) -> NDArray[np.intp]:
        # The first bits: a table that has ids in their order has words written one after another as they lie.
        return (ids >> np.uint64(65 - len(self._words).bit_length())).astype(np.intp)

    def _written_since(self, store: Store, rows: int) -> Iterator[Ids]:
        """The ids in parts with a block after the last, of some `rows` rows, in portions.

        By what they are, not by where they lie: parts are merged meanwhile.
        """
        portions = rows // _READ_AT_ONCE + 1
        bounds = [(1 << 64) * each // portions for each in range(portions + 1)]
        for start, end in pairwise(bounds):
            params = {"last": self.last, "start": start, "until": end - 1}
            yield _ids(store, Sql(load_query("correlator", f"stored_{self._lookup.value}"), params))


def _bits(ids: Ids) -> Ids:
    """Which bits of its word stand for an id."""
    bits = np.zeros_like(ids)
    for probe in range(_PROBES):
        place = (ids >> np.uint64(_BITS_OF_PLACE * probe)) & np.uint64(63)
        bits |= np.uint64(1) << place
    return bits


def _ids(store: Store, statement: Sql) -> Ids:
    return np.frombuffer(store.raw(statement, "RowBinary"), dtype="<u8")
