"""Committed segments that workflows have not seen yet: looked for in the store, remembered until they are stitched.

A look asks for what was committed since the one before it, and takes everything new for work of all workflows. Now and
then a look is a sweep, which asks the store what each workflow has seen: for what another process wrote, or committed
by a clock that differs. The first look, and the first after anything has changed, is a sweep over all there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collector import committed_segments
from model import EPOCH, Workflow
from store import Store, spliced

_SWEEP_EVERY = timedelta(minutes=2)
_SWEEP_BACK = timedelta(days=1)
_LOOK_BACK = timedelta(minutes=1)
"""Clocks of the processes that commit and stitch may differ by so much without waiting for a sweep."""


@dataclass(frozen=True, slots=True)
class WaitingSegment:
    """A segment, its signal (`traces`, `logs`), its rows, and the names of the workflows that have not seen it."""

    id: str
    signal: str
    rows: int
    pending: tuple[str, ...]


class Backlog:
    """The segments of a tenant that wait to be derived; they are marked for it, or for what is rebuilt beside it."""

    def __init__(self, store: Store, tenant: str, marked_for: str) -> None:
        self._store = store
        self._tenant = tenant
        self._marked_for = marked_for
        self._waiting: dict[str, WaitingSegment] = {}
        self._seen: set[str] = set()
        """What the last look has found, as far as the next one may find it again."""
        self._looked_at = self._swept_at = EPOCH
        self._for: tuple[tuple[str, str], ...] = ()

    def look(self, workflows: Sequence[Workflow], now: datetime) -> list[WaitingSegment]:
        """All that wait, oldest first. Where the workflows differ from the last time, all is asked anew."""
        mark = tuple((each.name, each.hash) for each in workflows)
        if self._for != mark:
            self._waiting.clear()
            found = self._unseen(workflows, EPOCH, now)
        elif now - self._swept_at >= _SWEEP_EVERY:
            found = self._unseen(workflows, now - _SWEEP_BACK, now)
        else:
            found = self._new(tuple(each.name for each in workflows))
        self._for = mark
        self._looked_at = now
        self._seen = {each.id for each in found}
        self._waiting.update((each.id, each) for each in found if each.pending)
        return [self._waiting[id_] for id_ in sorted(self._waiting)]

    def stitched(self, ids: Iterable[str], workflows: Collection[str]) -> None:
        """Segments are marked in the store as stitched for these workflows."""
        for each in ids:
            segment = self._waiting.pop(each, None)
            pending = tuple(name for name in segment.pending if name not in workflows) if segment else ()
            if segment and pending:
                self._waiting[each] = replace(segment, pending=pending)

    def _unseen(self, workflows: Sequence[Workflow], since: datetime, now: datetime) -> list[WaitingSegment]:
        rows = self._store.rows(
            spliced("correlator", "unstitched_segments", segments=committed_segments(since)),
            {
                "tenant": self._tenant,
                "marked_for": self._marked_for,
                "workflows": [each.name for each in workflows],
                "definitions": [each.hash for each in workflows],
                "named_from": now - _LOOK_BACK,
            },
        )
        self._swept_at = now
        return [WaitingSegment(row["segment_id"], row["signal"], row["rows"], tuple(row["pending"])) for row in rows]

    def _new(self, names: tuple[str, ...]) -> list[WaitingSegment]:
        query = spliced("correlator", "new_segments", segments=committed_segments(self._looked_at - _LOOK_BACK))
        rows = self._store.rows(query, {"tenant": self._tenant})
        return [
            WaitingSegment(
                row["segment_id"], row["signal"], row["rows"], () if row["segment_id"] in self._seen else names
            )
            for row in rows
        ]
