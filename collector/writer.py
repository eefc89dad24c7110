"""The writer: takes closed segments in order and puts each into ClickHouse exactly once.

Two threads do it: while one waits for the disk, the other decodes.

What makes it exactly once (each step repeats safely after a crash at any point):

1. A segment is one INSERT, one block, one part: all of its rows appear or none.
2. Where the fate of an earlier attempt is unknown (this process or ClickHouse was restarted, a connection broke, a time
   ran out), an INSERT of the segment that may still run is ended first, and then its rows are counted. All there: the
   INSERT took place. Deduplication tokens are not trusted: one is recorded before its part is.
3. After every INSERT the rows are counted; only then the segment's row in `segments` is written, and only after that
   the spool file is deleted. Where the number is not what the requests were counted to hold when they came, they are
   counted again; a table that still has others is tried a few times, and then hourly.

A refused segment is not inserted piece by piece, which would break 1: its offending requests are taken out of it
(`collector/poison.py`) and the rest is inserted.

What cannot go in keeps nothing else waiting. A tenant that has no more room in quarantine, or whose hashes have no key,
waits with all its segments until that has changed. A segment that fails rests, and while it does others are taken:
should these fail too, it is ClickHouse, and the threads rest as well; should they go in, it was the segment, which is
tried again by itself ever more rarely.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
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
from collector.redaction import NoRedactionKey, Redactions
from collector.requests import accept
from collector.sealing import SealedAway, in_memory
from collector.segment import ClosedSegment, opened_at
from collector.spool import Spool
from model import Clock, Refused, StoreUnavailable, ThroughlineError, Unavailable
from store import Sql, StatementFailed, Store, load_query

_log = logging.getLogger(__name__)
_PATTERN = frozenset("*?{}")
"""Characters ClickHouse takes for a pattern of several files where it is told to read one."""
_APART = 1.0
"""Segments that fail while others go in are tried no more often than one in so many seconds, all of them together."""
_HOUR = 3600.0
_TRIES_OF_COUNT = 3


class RowsDiffer(Unavailable):
    """An INSERT succeeded, and the rows in ClickHouse are not as many as its requests hold."""


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


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is known of a segment that failed: why, how often in a row, and how many others had gone in by then."""

    reason: str
    tries: int
    commits: int
    is_its_own: bool
    """Whether it is at fault itself, because others went in meanwhile or because the reason says so."""


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
        self._held: dict[str, Unavailable] = {}
        """Tenants whose segments wait for room in quarantine or for a key, with what was said about it."""
        self._failing: dict[str, _Failure] = {}
        """Segments whose last attempt failed."""
        self._commits = 0
        self._lock = threading.Lock()
        """Guards what is held and what failed, and when the quarantine was cleaned."""
        self._telling = threading.Lock()
        self._next_cleaning = self._next_release = 0.0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def last_error(self) -> str | None:
        """Why some segment waits; None while all go in."""
        reasons = (*(each.reason for each in tuple(self._failing.values())), *map(str, self._held.values()))
        return next(iter(reasons), None)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Why segments wait, each reason with their number; empty while all go in."""
        held, failing = self._held, dict(self._failing)
        reasons = Counter(
            str(held[each.tenant]) if each.tenant in held else failing[each.id].reason
            for each in self._spool.closed()
            if each.tenant in held or each.id in failing
        )
        return tuple(f"{count:,} segment{'s' * (count > 1)}: {reason}" for reason, count in reasons.items())

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
            try:
                with self._lock:
                    self._clean_quarantine()
                    self._release()
            except Exception as error:  # noqa: BLE001 - told, and no reason to end
                _log.error(
                    "what has been kept too long cannot be discarded: %s",
                    error,
                    exc_info=not isinstance(error, OSError),
                )
            segment = self._spool.take(0.2, self._held)
            if segment is None:
                if self._stop.is_set():
                    return
                continue
            try:
                self.move(segment)
            except (QuarantineFull, NoRedactionKey) as error:
                self._hold(segment, error)
            except Exception as error:  # noqa: BLE001 - told, and tried again
                # Whatever it is, the segment stays in the queue and its fate is unknown: a writer that ended here would
                # let the spool fill in silence.
                self._unknown.add(segment.id)
                if self._is_its_own(segment, error, wait):
                    continue
                if self._stop.wait(wait):
                    return
                wait = min(wait * 2, self._limits.last_wait)
            else:
                wait = self._limits.first_wait
                self._went_in(segment)
                if self._on_commit is not None:
                    self._notify(self._on_commit)

    def move(self, segment: ClosedSegment) -> None:
        """Put one segment into the store, prove it, record it, delete its file. Raises what prevented it."""
        if self._expired(segment):
            return
        data = segment.path.read_bytes()
        contents = record.read(data)
        if data and (contents is None or contents.torn or contents.damaged):
            mended = self._spool.mended(segment, data, contents)
            if mended is not None:
                self.move(mended)
            return
        if contents is None or not contents.records:
            self._spool.finished(segment)
            return
        data, contents = record.plain(data, contents, self._spool.sealer)
        is_unknown = segment.may_be_stored or segment.id in self._unknown
        stored = self._already_stored(segment, contents) if is_unknown else None
        if stored is None:
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
            if stored != contents.items and stored != _counted_again(segment, data, contents):
                raise RowsDiffer(
                    f"the segment {segment.id} of tenant {segment.tenant} has {stored} rows in {segment.signal.table} "
                    f"after its insert, not the {contents.items} its requests hold; it stays in {segment.path}"
                )
        self._record(segment, contents, stored)
        self._unknown.discard(segment.id)
        self._spool.finished(segment)
        self._counters.add("segments", signal=segment.signal.value)
        self._counters.add("rows", stored, table=segment.signal.table)

    def _expired(self, segment: ClosedSegment) -> bool:
        """Drop a segment that waited longer than its rows would be kept: what is not to be had is not to lie here."""
        days = self._limits.received_days
        if not days or self._clock.now() - opened_at(segment.id) < timedelta(days=days):
            return False
        _log.error("the segment %s of tenant %s is older than %d days: dropped", segment.id, segment.tenant, days)
        self._counters.add("expired_segments", signal=segment.signal.value)
        self._failing.pop(segment.id, None)
        self._spool.finished(segment)
        return True

    def _clean_quarantine(self) -> None:
        """Once an hour, discard what has been in quarantine too long, or waited too long for a tenant's turn."""
        now = time.monotonic()
        if now < self._next_cleaning:
            return
        self._next_cleaning = now + _HOUR
        for segment in self._spool.closed():
            if segment.tenant in self._held:
                self._expired(segment)
        self._quarantine.recount()
        before = self._clock.now() - timedelta(days=self._quarantine.limits.days)
        for segment_id in self._spool.expire_damaged(before):
            _log.warning("what was kept of the damaged segment %s lay there too long: discarded", segment_id)
            self._counters.add("damaged_expired")
        for entry in self._quarantine.expire(before):
            _log.warning("a refused request of tenant %s was in quarantine too long: discarded", entry.tenant)
            self._counters.add("quarantine_expired", signal=entry.signal)

    # Exactly once.

    def _already_stored(self, segment: ClosedSegment, contents: Contents) -> int | None:
        """The number of its rows in ClickHouse where an earlier INSERT took place; None, with none there, otherwise."""
        if not self._store.is_embedded:
            self._store.execute(load_query("collector", "end_insert_of_segment"), {"segment_id": segment.id})
        stored = self._stored(segment)
        # There are more where the file was damaged only after they were put in.
        if stored == contents.items or (segment.was_damaged and stored > contents.items):
            return stored
        if stored:
            _log.warning("the segment %s is there with %d of %d rows", segment.id, stored, contents.items)
            self._store.execute(load_query("collector", f"{segment.signal}_remove_segment"), _identity(segment))
        return None

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

    def _record(self, segment: ClosedSegment, contents: Contents, rows: int) -> None:
        times = [each.received_at(opened_at(segment.id)) for each in contents.records]
        self._store.execute(
            Sql(
                load_query("collector", "record_segment"),
                {
                    "tenant": segment.tenant,
                    "segment_id": segment.id,
                    "signal": segment.signal.value,
                    "rows": rows,
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

    # A segment that failed.

    def _is_its_own(self, segment: ClosedSegment, error: Exception, wait: float) -> bool:
        """Let it rest; gives whether it is at fault itself, so that others are to be taken at once.

        Where ClickHouse may be at fault it rests longer than the thread, `wait` seconds, so that this meets another one
        next.
        """
        with self._lock:
            before = self._failing.get(segment.id)
            tries = before.tries + 1 if before else 1
            is_its_own = isinstance(error, SealedAway | RowsDiffer) or (
                before is not None and (before.is_its_own or before.commits != self._commits)
            )
            reason = self._told(segment, error)
            self._failing[segment.id] = _Failure(reason, tries, self._commits, is_its_own)
            others = sum(each.is_its_own for each in self._failing.values())
        if isinstance(error, SealedAway) or (isinstance(error, RowsDiffer) and tries >= _TRIES_OF_COUNT):
            # A key is read when the process starts, a table is mended by somebody; but what gets too old is dropped.
            rest = _HOUR
        elif is_its_own:
            rest = max(min(self._limits.first_wait * 2.0 ** min(tries, 20), self._limits.last_wait), _APART * others)
        else:
            rest = 2 * wait
        self._spool.put_back(segment, rest)
        return is_its_own

    def _went_in(self, segment: ClosedSegment) -> None:
        """What failed because of ClickHouse is due before all that came after it."""
        with self._lock:
            self._failing.pop(segment.id, None)
            self._commits += 1
            due = [segment_id for segment_id, each in self._failing.items() if not each.is_its_own]
        if due:
            self._spool.wake(due)

    # A tenant without room in quarantine, or without a key.

    def _hold(self, segment: ClosedSegment, error: QuarantineFull | NoRedactionKey) -> None:
        with self._lock:
            self._told(segment, error)
            self._failing.pop(segment.id, None)
            self._held_are({**self._held, segment.tenant: error})
        self._spool.put_back(segment)

    def _release(self) -> None:
        now = time.monotonic()
        if not self._held or now < self._next_release:
            return
        self._next_release = now + 1
        if self._quarantine.held:
            self._quarantine.recount()
        self._held_are({tenant: why for tenant, why in self._held.items() if self._must_wait(tenant, why)})

    def _must_wait(self, tenant: str, why: Unavailable) -> bool:
        if isinstance(why, QuarantineFull):
            return not self._quarantine.room(tenant)
        try:
            self._redactions.of(tenant)
        except ThroughlineError:
            return True
        return False

    def _held_are(self, held: dict[str, Unavailable]) -> None:
        self._held = held
        self._quarantine.held = frozenset(tenant for tenant, why in held.items() if isinstance(why, QuarantineFull))

    # Telling.

    def _told(self, segment: ClosedSegment, error: Exception) -> str:
        """The reason in one line, which is logged where nothing waits for it yet."""
        self._counters.add("insert_failures", table=segment.signal.table)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        known = {*(each.reason for each in self._failing.values()), *map(str, self._held.values())}
        if reason not in known:
            _log.error(
                "the segment %s of tenant %s waits in the spool: %s",
                segment.id,
                segment.tenant,
                reason,
                exc_info=not _expected(error),
            )
        return reason

    def _notify(self, on_commit: Callable[[], object]) -> None:
        with self._telling:
            try:
                on_commit()
            except Exception:  # noqa: BLE001 - another room's work; the rows are in whatever becomes of it
                _log.exception("what was to happen after a segment failed; the segment is in")


def _identity(segment: ClosedSegment) -> dict[str, object]:
    return {"tenant": segment.tenant, "segment_id": segment.id, "received_at": opened_at(segment.id)}


def _counted_again(segment: ClosedSegment, data: bytes, contents: Contents) -> int:
    """What its requests hold, without regard to the headers, which nothing guards against damage."""
    return sum(accept(segment.signal, data[each.offset : each.end]).items for each in contents.records)


def _expected(error: Exception) -> bool:
    return isinstance(error, ThroughlineError)
