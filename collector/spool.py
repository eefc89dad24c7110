"""The durable spool: a request is on disk, synced, before its sender hears that it was accepted.

One thread writes. It takes all requests that wait, appends them to the open segment of their tenant and signal, syncs
each file once (group commit), and only then resolves the futures the receivers wait on. A segment is closed when it is
old, large or from yesterday; the writer takes closed segments in order and tells `finished` when their rows are proven
in ClickHouse. Whatever is on disk when a spool is opened is closed segments: a torn last record, which nobody was told
is accepted, is cut off (`collector/recovery.py`). A file with damage in it is never deleted unread
(`collector/damage.py`).

Ordering that must hold: body and header before they are made durable (`collector/committer.py`), that before the future
and before the segment is closed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from zlib_ng import zlib_ng

from collector import damage, record
from collector.committer import Committer
from collector.durable_file import replace_synced, sync_folder, write_synced
from collector.inbox import Inbox, Waiting
from collector.open_segment import OpenSegment, Piece, day_of, segment_path
from collector.recovery import recover
from collector.requests import Accepted
from collector.sealing import Sealer
from collector.segment import ClosedSegment, Signal, opened_at
from model import Clock, SpoolFull, SystemClock, microseconds
from store import FolderLock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """When a segment is closed and when a request is refused; sizes in bytes."""

    total_bytes: int = 4 << 30
    """Half of it is kept for tenants whose segments the writer takes."""
    segment_bytes: int = 16 << 20
    segment_seconds: float = 0.2
    commit_seconds: float = 0.004
    """From one commit to the next: what comes in between is made durable together."""
    waiting_bytes: int = 64 << 20
    """Of requests not yet on disk: they are in memory."""
    journal_bytes: int = 64 << 20
    """Of the journal, which there is while much comes in, beside `total_bytes`; 0: none, ever."""


_MUCH_LONGER = timedelta(seconds=30)
"""Than from the first request of a segment to its rows in ClickHouse."""

_TELL_SECONDS = 10.0
"""The log may lie on the disk that is full: the same failure is told no more often."""


class _Written(NamedTuple):
    segment: OpenSegment
    piece: Piece
    items: list[Waiting]


class Spool:
    """A folder of segments, private to the user. `append` may be called from any thread; `start` and `stop` once.

    Raises `StoreInUse` where another process has the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: SpoolLimits | None = None,
        clock: Clock | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        self.folder = folder
        self.sealer = sealer
        self.limits = limits or SpoolLimits()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._inbox = Inbox(self.limits.waiting_bytes)
        self._bytes = 0
        """On disk, of open and of closed segments."""
        self._bytes_of: Counter[str] = Counter()
        """The same by tenant."""
        self._open: dict[tuple[str, Signal], OpenSegment] = {}
        self._closed: dict[str, ClosedSegment] = {}
        """By id, in the order in which they are to be taken."""
        self._taken: set[str] = set()
        self._resting: dict[str, float] = {}
        """Segments that are passed over, and until when, by the monotonic clock."""
        self._held: Collection[str] = ()
        """Tenants whose segments nobody takes at present."""
        self._some_closed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._pending: list[_Written] = []
        self._committer = Committer(folder, self.limits.journal_bytes)
        self._writable = True
        self._told, self._told_at = "", 0.0
        """The last failure that was logged, and when."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        self._folder_lock = FolderLock(folder)
        recovered = recover(folder)
        self.recovered_torn_bytes = recovered.torn_bytes
        self._add_closed(*recovered.segments)
        for each in recovered.segments:
            self._count(each.tenant, each.size)

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, close every segment, end the thread."""
        self._inbox.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._committer.close()
        with self._lock:
            self._some_closed.notify_all()

    def release(self) -> None:
        """Free the folder for another process; nothing may be called after it. A second call does nothing."""
        self._folder_lock.release()

    def append(self, tenant: str, accepted: Accepted) -> Future[None]:
        """Put a request on disk; the future is done when it is synced.

        Raises `SpoolFull` at once where a limit is reached; the future fails with it where the disk is full.
        """
        waiting = Waiting(tenant, accepted, self._now_us())
        self.make_sure_of_room(tenant, waiting.size)
        self._inbox.put(waiting)
        return waiting.done

    def adopt(self, segment_id: str, tenant: str, accepted: Accepted) -> None:
        """Put a request on disk as a segment of its own, under an id that the caller has chosen.

        Who repeats it with the same id, after a crash say, doubles nothing: such a segment's rows are looked for before
        they are put in. Raises `SpoolFull`.
        """
        if segment_id in self._closed:
            return
        header = record.header(accepted.body, self._now_us(), accepted.items)
        data = record.opening(tenant, accepted.signal) + header + accepted.body
        self.make_sure_of_room(tenant, len(data))
        try:
            self._put(segment_id, tenant, accepted.signal, data)
        except OSError as error:
            raise SpoolFull(f"the spool cannot be written ({error.strerror}); send again later") from error

    def halved(self, segment: ClosedSegment, data: bytes, contents: record.Contents) -> ClosedSegment:
        """Give the later half of a closed segment's requests to a segment of their own; gives what is left of it.

        `data` is not encrypted. The other one's id follows from what is in it, so that it is the same when this is
        repeated after a crash.
        """
        middle = len(contents.records) // 2
        later = record.joined(data, contents, contents.records[middle:])
        other = f"{segment.id[:17]}{zlib_ng.crc32(later, zlib_ng.crc32(segment.id.encode())):08x}"
        if other not in self._closed:
            self._put(other, segment.tenant, segment.signal, later)
        return self.replaced(segment, record.joined(data, contents, contents.records[:middle]))

    def take(self, timeout_seconds: float, held: Collection[str] = ()) -> ClosedSegment | None:
        """The oldest closed segment that nobody has taken; None where there is none within the time.

        It is the caller's until `finished`, `put_back` or `postponed`. Segments of the tenants in `held` are passed
        over, and those that rest.
        """
        with self._some_closed:
            self._held = held
            found = self._first(held)
            if found is None and not self._inbox.closed:
                self._some_closed.wait(timeout_seconds)
                found = self._first(held)
            if found is not None:
                self._taken.add(found.id)
                self._resting.pop(found.id, None)
            return found

    def put_back(self, segment: ClosedSegment, rest_seconds: float = 0.0) -> None:
        """Let a segment be taken again, before all that came after it, once it has rested."""
        with self._some_closed:
            self._taken.discard(segment.id)
            if rest_seconds:
                self._resting[segment.id] = time.monotonic() + rest_seconds
            self._some_closed.notify_all()

    def wake(self, segment_ids: Collection[str]) -> None:
        """Let segments that rest be taken at once."""
        with self._some_closed:
            for each in segment_ids:
                self._resting.pop(each, None)
            self._some_closed.notify_all()

    def postponed(self, segment: ClosedSegment) -> None:
        """Let a segment be taken again, after all that wait."""
        with self._lock:
            self._closed[segment.id] = self._closed.pop(segment.id)
        self.put_back(segment)

    def finished(self, segment: ClosedSegment) -> None:
        """Forget a segment whose rows are proven in ClickHouse, or which has none, and delete its file."""
        segment.path.unlink(missing_ok=True)
        self._committer.forget(segment.id)
        with self._lock:
            self._closed.pop(segment.id, None)
            self._taken.discard(segment.id)
            self._resting.pop(segment.id, None)
            self._count(segment.tenant, -segment.size)

    def replaced(self, segment: ClosedSegment, data: bytes) -> ClosedSegment:
        """Put other contents in place of a closed segment's, as one step that a crash cannot halve.

        `data` is not encrypted; it lies there as all segments do.
        """
        if self.sealer is not None:
            data = record.sealed(data, self.sealer)
        self._committer.settle(segment.id)
        replace_synced(segment.path, data)
        other = replace(segment, size=len(data))
        with self._lock:
            self._closed[segment.id] = other
            self._count(segment.tenant, len(data) - segment.size)
        return other

    def mended(self, segment: ClosedSegment, data: bytes, contents: record.Contents | None) -> ClosedSegment | None:
        """A closed segment whose file, `data`, was damaged since it was written, without what cannot be read of it.

        None where that is all. The file as it was is kept.
        """
        damage.keep(segment.path, data, contents)
        if contents is None or not contents.records:
            self.finished(segment)
            return None
        segment = replace(segment, was_damaged=True)
        return self.replaced(segment, record.joined(data, contents, contents.records))

    @property
    def damaged_files(self) -> int:
        """Files that were kept because something in them cannot be read."""
        return len(damage.kept(self.folder))

    def expire_damaged(self, before: datetime) -> list[str]:
        """Delete for good what was kept of segments opened before that time; gives their ids."""
        return damage.expire(self.folder, before)

    def closed(self) -> tuple[ClosedSegment, ...]:
        """The segments that wait for the writer, oldest first."""
        with self._lock:
            return tuple(self._closed.values())

    def is_behind(self, tenant: str) -> bool:
        """Whether a segment of a tenant has waited for much longer than it takes, and is not held back."""
        before = self._clock.now() - _MUCH_LONGER
        with self._lock:
            return tenant not in self._held and any(
                each.tenant == tenant and opened_at(each.id) < before for each in self._closed.values()
            )

    @property
    def depth_bytes(self) -> int:
        """Bytes on disk and not yet proven in ClickHouse."""
        return self._bytes

    @property
    def closed_segments(self) -> int:
        """Segments that wait for the writer."""
        return len(self._closed)

    @property
    def age_seconds(self) -> float:
        """The age of the oldest segment on disk; 0 where there is none."""
        with self._lock:
            oldest = min((*self._closed, *(each.id for each in self._open.values())), default=None)
        if oldest is None:
            return 0.0
        return max(0.0, (self._clock.now() - opened_at(oldest)).total_seconds())

    def ready(self) -> bool:
        """Whether a request can be accepted now: the folder can be written and is not full."""
        return self._bytes < self.limits.total_bytes and (self._writable or self._try_folder())

    def _put(self, segment_id: str, tenant: str, signal: Signal, data: bytes) -> None:
        data = record.sealed(data, self.sealer) if self.sealer else data
        path = segment_path(self.folder, segment_id)
        replace_synced(path, data)
        with self._lock:
            self._count(tenant, len(data))
        self._add_closed(ClosedSegment(segment_id, tenant, signal, path, len(data), may_be_stored=True))

    def _try_folder(self) -> bool:
        # After a failed write nothing may come that could succeed, because we are not ready: so try it here.
        path = self.folder / "ready.probe"
        try:
            write_synced(path, b"ready")
            path.unlink()
        except OSError:
            return False
        self._writable = True
        return True

    def make_sure_of_room(self, tenant: str, size: int) -> None:
        """Raise `SpoolFull` where a tenant's request of so many bytes would be refused now."""
        limit = self.limits.total_bytes
        if self._bytes + self._inbox.bytes + size > limit:
            raise SpoolFull(f"the spool has reached its limit of {limit} bytes; send again later")
        held = self._held
        if tenant in held and sum(self._bytes_of[each] for each in held) + size > limit // 2:
            raise SpoolFull(
                f"what waits because it cannot be stored fills half of the spool's {limit} bytes; send again later"
            )

    def _count(self, tenant: str, size: int) -> None:
        self._bytes += size
        self._bytes_of[tenant] += size
        if not self._bytes_of[tenant]:
            del self._bytes_of[tenant]

    def _first(self, held: Collection[str]) -> ClosedSegment | None:
        now = time.monotonic()
        for each in self._closed.values():
            if each.id not in self._taken and each.tenant not in held and self._resting.get(each.id, now) <= now:
                return each
        return None

    def _add_closed(self, *segments: ClosedSegment) -> None:
        with self._some_closed:
            self._closed.update((each.id, each) for each in segments)
            self._some_closed.notify_all()

    def _now_us(self) -> int:
        return microseconds(self._clock.now())

    # The thread.

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = self._inbox.batch(self._seconds_to_next_close(), self.limits.segment_bytes)
            ended = batch is None
            try:
                self._turn(batch)
            except Exception as error:  # noqa: BLE001 - told; if it ended here, all would wait for it in silence
                _log.exception("the spool in %s goes on after something unexpected", self.folder)
                self._give_up(batch or [], error)

    def _turn(self, batch: list[Waiting] | None) -> None:
        if batch:
            began = time.monotonic()
            self._write(batch)
            # Nobody waits for this thread while it rests, unless much comes in: then the next ones go together.
            time.sleep(max(0.0, began + self.limits.commit_seconds - time.monotonic()))
        self._committer.look()
        self._close_due(everything=batch is None)

    def _give_up(self, batch: list[Waiting], error: Exception) -> None:
        """Refuse what is not acknowledged, and begin new segments."""
        self._pending = []
        for segment in list(self._open.values()):
            self._close(segment)
        with self._lock:
            self._bytes = 0
            self._bytes_of.clear()
            for each in self._closed.values():
                self._count(each.tenant, each.size)
        self._refuse([each for each in batch if not each.done.done()], error)

    def _write(self, batch: list[Waiting]) -> None:
        groups: dict[tuple[str, Signal], list[Waiting]] = {}
        for item in batch:
            groups.setdefault((item.tenant, item.accepted.signal), []).append(item)
        try:
            for (tenant, signal), items in groups.items():
                self._write_group(tenant, signal, items)
            self._commit()
        finally:
            self._inbox.written(batch)

    def _write_group(self, tenant: str, signal: Signal, items: list[Waiting]) -> None:
        start = 0
        while start < len(items):
            try:
                segment = self._segment_for(tenant, signal, items[start].size)
            except OSError as error:
                self._refuse(items[start:], error)
                return
            stop, parts, size = start, [], segment.size
            while stop < len(items) and (stop == start or size + items[stop].size <= self.limits.segment_bytes):
                item = items[stop]
                body = self.sealer.seal(item.accepted.body, tenant, signal) if self.sealer else item.accepted.body
                head = record.header(body, item.received_us, item.accepted.items)
                parts += [head, body]
                size += len(head) + len(body)
                stop += 1
            try:
                piece = segment.write(*parts)
            except OSError as error:
                self._close(segment)
                self._refuse(items[start:stop], error)
            else:
                self._pending.append(_Written(segment, piece, items[start:stop]))
            start = stop

    def _commit(self) -> None:
        """Make durable what was written, and acknowledge it."""
        pending, self._pending = self._pending, []
        errors = self._committer.commit([(each.segment, each.piece) for each in pending]) if pending else []
        for each, error in zip(pending, errors, strict=True):
            if error is not None:
                self._close(each.segment)
                self._refuse(each.items, error)
                continue
            self._writable = True
            with self._lock:
                self._count(each.segment.tenant, each.piece.size)
            for item in each.items:
                item.done.set_result(None)

    def _refuse(self, items: list[Waiting], error: Exception) -> None:
        self._writable = False
        reason = str(error.strerror) if isinstance(error, OSError) else "see the log"
        now = time.monotonic()
        if reason != self._told or now - self._told_at >= _TELL_SECONDS:
            self._told, self._told_at = reason, now
            _log.error("the spool in %s cannot be written: %s", self.folder, error)
        for item in items:
            item.done.set_exception(SpoolFull(f"the spool cannot be written ({reason}); send again later"))

    def _segment_for(self, tenant: str, signal: Signal, size: int) -> OpenSegment:
        now = self._clock.now()
        segment = self._open.get((tenant, signal))
        if segment is not None and (segment.size + size > self.limits.segment_bytes or segment.day != day_of(now)):
            self._commit()  # what is closed may be put into ClickHouse at once
            if segment is self._open.get((tenant, signal)):
                self._close(segment)
            segment = None
        if segment is None:
            segment = OpenSegment(self.folder, tenant, signal, now, sealed=self.sealer is not None)
            self._open[tenant, signal] = segment
        return segment

    def _age_limit(self) -> float:
        # Many tenants, and writers that are busy, are served by fewer and larger segments: another one would only wait.
        # One that is being written makes none wait, and those that are passed over wait for something else.
        with self._lock:
            waiting = (
                sum(each.tenant not in self._held and each.id not in self._resting for each in self._closed.values())
                - 1
            )
        return min(5.0, self.limits.segment_seconds * max(1.0, len(self._open) / 2, waiting))

    def _seconds_to_next_close(self) -> float | None:
        if not self._open:
            return self._committer.patience()
        oldest = min(segment.born for segment in self._open.values())
        return max(0.001, oldest + self._age_limit() - time.monotonic())

    def _close_due(self, *, everything: bool) -> None:
        limit, now = self._age_limit(), time.monotonic()
        for segment in list(self._open.values()):
            if everything or now - segment.born >= limit or segment.size >= self.limits.segment_bytes:
                self._close(segment)

    def _close(self, segment: OpenSegment) -> None:
        del self._open[segment.tenant, segment.signal]
        self._add_closed(segment.close())
