"""The writer: takes closed segments in order and puts each into ClickHouse exactly once.

Two threads do it: while one waits for the disk, the other decodes.

What makes it exactly once (each step repeats safely after a crash at any point):

1. A segment is one INSERT, one block, one part: all of its rows appear or none.
2. Where the fate of an earlier attempt is unknown (this process or ClickHouse was restarted, a connection broke, a time
   ran out), an INSERT of the segment that may still run is ended first, and then its rows are counted. All there: the
   INSERT took place. Deduplication tokens are not trusted: one is recorded before its part is.
3. After every INSERT the rows are counted; only then the segment's row in `segments` is written, and only after that
   the spool file is deleted.

A refused segment is not inserted piece by piece, which would break 1: its offending requests are taken out of it
(`collector/poison.py`) and the rest is inserted. A tenant that has no more room in quarantine waits with all its
segments; others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from collector import record
from collector.bisection import Bisection, takes_too_much
from collector.counters import Counters
from collector.decode import insert_of
from collector.poison import Poison, QuarantineFull
from collector.quarantine import Quarantine
from collector.record import Contents
from collector.redaction import Redactions
from collector.sealing import in_memory
from collector.segment import ClosedSegment, opened_at
from collector.spool import Spool
from model import Clock, Refused, StoreUnavailable, ThroughlineError
from store import Sql, StatementFailed, Store, load_query

_log = logging.getLogger(__name__)
_PATTERN = frozenset("*?{}")
"""Characters ClickHouse takes for a pattern of several files where it is told to read one."""


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """Waiting times in seconds after a failure, doubled from the first to the last; how long received rows are kept."""

    threads: int = 2
    first_wait: float = 0.25
    last_wait: float = 15.0
    bisect_seconds: float = 1.0
    """How long offending requests of a segment are looked for while other segments wait."""
    received_days: int = 30
    """How long received rows are kept, in the tables and before them; 0 means for ever."""


class Writer:
    """Moves segments from the spool into the store in threads of its own, from `start` to `stop`.

    `on_commit` is called (in one of them at a time) after each segment that is proven.
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        quarantine: Quarantine,
        *,
        clock: Clock,
        counters: Counters,
        on_commit: Callable[[], object] | None = None,
        limits: WriterLimits | None = None,
        redactions: Redactions | None = None,
    ) -> None:
        if store.is_embedded and _PATTERN & set(str(spool.folder.absolute())):
            raise Refused(f"The data folder's path {spool.folder} may not hold any of {' '.join(sorted(_PATTERN))}.")
        self._store = store
        self._spool = spool
        self._quarantine = quarantine
        self._clock = clock
        self._counters = counters
        self._on_commit = on_commit
        self._limits = limits or WriterLimits()
        self._redactions = redactions or Redactions()
        self._poison = Poison(
            spool,
            quarantine,
            Bisection(store, self._redactions, sealed=spool.sealer is not None),
            clock=clock,
            counters=counters,
            seconds=self._limits.bisect_seconds,
        )
        self._unknown: set[str] = set()
        """Segments this process has tried to put in and does not know whether they are."""
        self._held: dict[str, str] = {}
        """Tenants whose segments wait for room in quarantine, with what was said about it."""
        self._failing: dict[str, str] = {}
        """Segments whose last attempt failed, and why."""
        self._lock = threading.Lock()
        """Guards the quarantine's share of the work: what is held, and when it was cleaned."""
        self._telling = threading.Lock()
        self._next_cleaning = self._next_release = 0.0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def last_error(self) -> str | None:
        """Why some segment waits; None while all go in."""
        return next(iter((*self._failing.values(), *self._held.values())), None)

    def start(self) -> None:
        """Begin to move segments."""
        self._threads = [
            threading.Thread(target=self._run, name=f"writer {number}", daemon=True)
            for number in range(self._limits.threads)
        ]
        for each in self._threads:
            each.start()

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Move what is there while ClickHouse answers, then end. What is left stays in the spool for the next start."""
        self._stop.set()
        ends = time.monotonic() + timeout_seconds
        for each in self._threads:
            each.join(max(0.0, ends - time.monotonic()))
        self._threads = []

    def _run(self) -> None:
        wait = self._limits.first_wait
        while True:
            with self._lock:
                self._clean_quarantine()
                self._release()
            segment = self._spool.take(0.2, self._held)
            if segment is None:
                if self._stop.is_set():
                    return
                continue
            try:
                self.move(segment)
            except QuarantineFull as error:
                self._hold(segment, error)
            except Exception as error:  # noqa: BLE001 - told, and tried again
                # Whatever it is, the segment stays in the queue and its fate is unknown: a writer that ended here would
                # let the spool fill in silence.
                self._unknown.add(segment.id)
                self._failed(segment, error)
                if not self._stop.is_set():
                    self._stop.wait(wait)
                self._spool.put_back(segment)
                if self._stop.is_set():
                    return
                wait = min(wait * 2, self._limits.last_wait)
            else:
                wait = self._limits.first_wait
                self._failing.pop(segment.id, None)
                if self._on_commit is not None:
                    self._notify(self._on_commit)

    def move(self, segment: ClosedSegment) -> None:
        """Put one segment into the store, prove it, record it, delete its file. Raises what prevented it."""
        if self._expired(segment):
            return
        data = segment.path.read_bytes()
        contents = record.read(data)
        if contents is None or not contents.records:
            self._spool.finished(segment)
            return
        data, contents = record.plain(data, contents, self._spool.sealer)
        is_unknown = segment.may_be_stored or segment.id in self._unknown
        if not is_unknown or not self._already_stored(segment, contents):
            began = time.monotonic()
            try:
                self._insert(segment, data)
            except StatementFailed as error:
                self._without_offenders(segment, data, contents, error)
                return
            except StoreUnavailable as error:
                if not takes_too_much(error) or not is_unknown:
                    raise
                self._without_offenders(segment, data, contents, error)
                return
            self._counters.observe("insert_seconds", time.monotonic() - began, table=segment.signal.table)
            stored = self._stored(segment)
            if stored != contents.items:
                raise StoreUnavailable(
                    f"the segment {segment.id} has {stored} rows in ClickHouse after its insert, not {contents.items}"
                )
        self._record(segment, contents)
        self._unknown.discard(segment.id)
        self._spool.finished(segment)
        self._counters.add("segments", signal=segment.signal.value)
        self._counters.add("rows", contents.items, table=segment.signal.table)

    def _expired(self, segment: ClosedSegment) -> bool:
        """Drop a segment that waited longer than its rows would be kept: what is not to be had is not to lie here."""
        days = self._limits.received_days
        if not days or self._clock.now() - opened_at(segment.id) < timedelta(days=days):
            return False
        _log.error("the segment %s of tenant %s is older than %d days: dropped", segment.id, segment.tenant, days)
        self._counters.add("expired_segments", signal=segment.signal.value)
        self._spool.finished(segment)
        return True

    def _clean_quarantine(self) -> None:
        """Once an hour, discard what has been in quarantine too long."""
        now = time.monotonic()
        if now < self._next_cleaning:
            return
        self._next_cleaning = now + 3600
        self._quarantine.recount()
        before = self._clock.now() - timedelta(days=self._quarantine.limits.days)
        for entry in self._quarantine.expire(before):
            _log.warning("a refused request of tenant %s was in quarantine too long: discarded", entry.tenant)
            self._counters.add("quarantine_expired", signal=entry.signal)

    # Exactly once.

    def _already_stored(self, segment: ClosedSegment, contents: Contents) -> bool:
        if not self._store.is_embedded:
            self._store.execute(load_query("collector", "end_insert_of_segment"), {"segment_id": segment.id})
        stored = self._stored(segment)
        if stored == contents.items:
            return True
        if stored:
            _log.warning("the segment %s is there with %d of %d rows", segment.id, stored, contents.items)
            self._store.execute(load_query("collector", f"{segment.signal}_remove_segment"), _identity(segment))
        return False

    def _insert(self, segment: ClosedSegment, data: bytes) -> None:
        redaction = self._redactions.of(segment.tenant)
        if not self._store.is_embedded:
            statement = insert_of(segment.signal, segment.tenant, segment.id, None, redaction)
            self._store.insert_raw(statement, data, "ProtobufSingle")
            return
        # What is encrypted on disk is read from memory, what is not where it lies.
        with in_memory(data) if self._spool.sealer else nullcontext(segment.path.absolute()) as path:
            self._store.execute(insert_of(segment.signal, segment.tenant, segment.id, path, redaction))

    def _stored(self, segment: ClosedSegment) -> int:
        return int(
            self._store.value(load_query("collector", f"{segment.signal}_rows_of_segment"), _identity(segment)) or 0
        )

    def _record(self, segment: ClosedSegment, contents: Contents) -> None:
        times = [each.received_at for each in contents.records]
        self._store.execute(
            Sql(
                load_query("collector", "record_segment"),
                {
                    "tenant": segment.tenant,
                    "segment_id": segment.id,
                    "signal": segment.signal.value,
                    "rows": contents.items,
                    "bytes": sum(each.length for each in contents.records),
                    "received_from": min(times),
                    "received_to": max(times),
                    "committed_at": self._clock.now(),
                },
            )
        )

    def _without_offenders(
        self, segment: ClosedSegment, data: bytes, contents: Contents, error: ThroughlineError
    ) -> None:
        self._unknown.add(segment.id)
        rest = self._poison.taken_out(segment, data, contents, error)
        if rest is not None:
            self.move(rest)

    # A tenant without room in quarantine.

    def _hold(self, segment: ClosedSegment, error: QuarantineFull) -> None:
        self._failed(segment, error)
        with self._lock:
            self._failing.pop(segment.id)
            self._held = {**self._held, segment.tenant: str(error)}
            self._quarantine.held = frozenset(self._held)
        self._spool.put_back(segment)

    def _release(self) -> None:
        now = time.monotonic()
        if not self._held or now < self._next_release:
            return
        self._next_release = now + 1
        self._quarantine.recount()
        self._held = {tenant: why for tenant, why in self._held.items() if not self._quarantine.room(tenant)}
        self._quarantine.held = frozenset(self._held)

    # Telling.

    def _failed(self, segment: ClosedSegment, error: Exception) -> None:
        self._counters.add("insert_failures", table=segment.signal.table)
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        if message != self.last_error:
            _log.error("the segment %s waits in the spool: %s", segment.id, message, exc_info=not _expected(error))
        self._failing[segment.id] = message

    def _notify(self, on_commit: Callable[[], object]) -> None:
        with self._telling:
            try:
                on_commit()
            except Exception:  # noqa: BLE001 - another room's work; the rows are in whatever becomes of it
                _log.exception("what was to happen after a segment failed; the segment is in")


def _identity(segment: ClosedSegment) -> dict[str, object]:
    return {"tenant": segment.tenant, "segment_id": segment.id, "received_at": opened_at(segment.id)}


def _expected(error: Exception) -> bool:
    return isinstance(error, ThroughlineError)
