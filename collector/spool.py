"""The durable spool: a request is on disk, synced, before its sender hears that it was accepted.

One thread writes. It takes all requests that wait, appends them to the open segment of their tenant and signal, syncs
each file once (group commit), and only then resolves the futures the receivers wait on. A segment is closed when it is
old, large or from yesterday; the writer takes closed segments in order and tells `finished` when their rows are proven
in ClickHouse. Whatever is on disk when a spool is opened is closed segments: a torn last record, which nobody was told
is accepted, is cut off.

Ordering that must hold: body and header before fsync, the folder's fsync before the first acknowledgement from a new
file, all of them before the future. A file is never appended to again after a failed write or fsync (what the kernel
then holds is unknown): it is cut back to its last synced length and closed.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector import record
from collector.requests import Accepted
from collector.sealing import Sealer
from collector.segment import Signal, new_segment_id, opened_at
from model import Clock, Refused, SpoolFull, SystemClock
from store import FolderLock

_log = logging.getLogger(__name__)

SUFFIX = ".otlp"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """When a segment is closed and when a request is refused; sizes in bytes."""

    total_bytes: int = 4 << 30
    segment_bytes: int = 16 << 20
    segment_seconds: float = 0.2
    waiting_bytes: int = 64 << 20
    """Of requests not yet on disk: they are in memory."""


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """A segment's file that takes no more requests."""

    id: str
    tenant: str
    signal: Signal
    path: Path
    size: int


@dataclass(slots=True)
class _Open:
    id: str
    tenant: str
    signal: Signal
    path: Path
    file: int
    born: float
    day: int
    size: int = 0
    synced: int = 0
    failed: bool = False


@dataclass(slots=True)
class _Waiting:
    tenant: str
    accepted: Accepted
    received_us: int
    done: Future[None] = field(default_factory=Future)


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
        self._inbox: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._bytes = 0
        self._open: dict[tuple[str, Signal], _Open] = {}
        self._closed: deque[ClosedSegment] = deque()
        self._some_closed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._writable = True
        self.recovered_torn_bytes = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        self._folder_lock = FolderLock(folder)
        self._recover()

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, close every segment, end the thread."""
        with self._lock:
            self._stopping = True
            self._inbox.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            self._some_closed.notify_all()

    def release(self) -> None:
        """Free the folder for another process; nothing may be called after it. A second call does nothing."""
        self._folder_lock.release()

    def append(self, tenant: str, accepted: Accepted) -> Future[None]:
        """Put a request on disk; the future is done when it is synced.

        Raises `SpoolFull` at once where a limit is reached; the future fails with it where the disk is full.
        """
        size = len(accepted.body)
        now = self._clock.now()
        waiting = _Waiting(tenant, accepted, (now - _EPOCH) // timedelta(microseconds=1))
        with self._lock:
            if self._stopping:
                raise SpoolFull("the collector is stopping; send again")
            if self._bytes + self._waiting_bytes + size > self.limits.total_bytes:
                raise SpoolFull(f"the spool has reached its limit of {self.limits.total_bytes} bytes; send again later")
            if self._waiting_bytes + size > self.limits.waiting_bytes:
                raise SpoolFull("more requests wait for the disk than memory is meant to hold; send again later")
            self._waiting_bytes += size
            self._inbox.put(waiting)  # under the lock: nothing may come after the mark that `stop` puts
        return waiting.done

    def take(self, timeout_seconds: float) -> ClosedSegment | None:
        """The oldest closed segment, left in place until `finished`; None where there is none within the time."""
        with self._some_closed:
            if not self._closed and not self._stopping:
                self._some_closed.wait(timeout_seconds)
            return self._closed[0] if self._closed else None

    def finished(self, segment: ClosedSegment) -> None:
        """Forget a segment whose rows are proven in ClickHouse, or which has none, and delete its file."""
        segment.path.unlink(missing_ok=True)
        with self._lock:
            if self._closed and self._closed[0].id == segment.id:
                self._closed.popleft()
            self._bytes -= segment.size

    def replaced(self, segment: ClosedSegment, data: bytes) -> ClosedSegment:
        """Put other contents in place of a closed segment's, as one step that a crash cannot halve.

        `data` is not encrypted; it lies there as all segments do.
        """
        if self.sealer is not None:
            data = record.sealed(data, self.sealer)
        spare = segment.path.with_suffix(".new")
        write_synced(spare, data)
        spare.replace(segment.path)
        sync_folder(self.folder)
        smaller = ClosedSegment(segment.id, segment.tenant, segment.signal, segment.path, len(data))
        with self._lock:
            self._closed[0] = smaller
            self._bytes += len(data) - segment.size
        return smaller

    def closed(self) -> tuple[ClosedSegment, ...]:
        """The segments that wait for the writer, oldest first."""
        with self._lock:
            return tuple(self._closed)

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
            ids = [self._closed[0].id] if self._closed else [each.id for each in self._open.values()]
        if not ids:
            return 0.0
        return max(0.0, (self._clock.now() - opened_at(min(ids))).total_seconds())

    def ready(self) -> bool:
        """Whether a request can be accepted now: the folder can be written and is not full."""
        return self._bytes < self.limits.total_bytes and (self._writable or self._try_folder())

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

    # The thread.

    def _run(self) -> None:
        ended = False
        while not ended:
            batch = self._next_batch()
            ended = batch is None
            if batch:
                self._write(batch)
            self._close_due(everything=ended)

    def _next_batch(self) -> list[_Waiting] | None:
        """All requests that wait, up to a segment's size; an empty list when a segment is due; None at the end."""
        batch: list[_Waiting] = []
        size = 0
        try:
            item = self._inbox.get(timeout=self._seconds_to_next_close())
            while item is not None:
                batch.append(item)
                size += len(item.accepted.body)
                if size >= self.limits.segment_bytes:
                    return batch
                item = self._inbox.get_nowait()
        except queue.Empty:
            return batch
        if batch:
            self._inbox.put(None)  # write these first, then meet the end again
            return batch
        return None

    def _write(self, batch: list[_Waiting]) -> None:
        groups: dict[tuple[str, Signal], list[_Waiting]] = {}
        for item in batch:
            groups.setdefault((item.tenant, item.accepted.signal), []).append(item)
        for (tenant, signal), items in groups.items():
            self._write_group(tenant, signal, items)
        with self._lock:
            self._waiting_bytes -= sum(len(item.accepted.body) for item in batch)

    def _write_group(self, tenant: str, signal: Signal, items: list[_Waiting]) -> None:
        start = 0
        while start < len(items):
            try:
                segment = self._segment_for(tenant, signal, len(items[start].accepted.body))
            except OSError as error:
                self._refuse(items[start:], error)
                return
            stop, parts, size = start, [], segment.size
            while stop < len(items) and (
                stop == start or size + len(items[stop].accepted.body) <= self.limits.segment_bytes
            ):
                item = items[stop]
                body = self.sealer.seal(item.accepted.body, tenant, signal) if self.sealer else item.accepted.body
                head = record.header(body, item.received_us, item.accepted.items)
                parts += [head, body]
                size += len(head) + len(body)
                stop += 1
            self._commit(segment, b"".join(parts), items[start:stop])
            start = stop

    def _commit(self, segment: _Open, data: bytes, items: list[_Waiting]) -> None:
        try:
            _write_all(segment.file, data)
            os.fdatasync(segment.file)
        except OSError as error:
            segment.failed = True
            self._close(segment)
            self._refuse(items, error)
            return
        segment.size += len(data)
        segment.synced = segment.size
        self._writable = True
        with self._lock:
            self._bytes += len(data)
        for item in items:
            item.done.set_result(None)

    def _refuse(self, items: list[_Waiting], error: OSError) -> None:
        self._writable = False
        _log.error("the spool in %s cannot be written: %s", self.folder, error)
        for item in items:
            item.done.set_exception(SpoolFull(f"the spool cannot be written ({error.strerror}); send again later"))

    def _segment_for(self, tenant: str, signal: Signal, size: int) -> _Open:
        now = self._clock.now()
        day = (now - _EPOCH).days
        segment = self._open.get((tenant, signal))
        if segment is not None and (segment.size + size > self.limits.segment_bytes or segment.day != day):
            self._close(segment)
            segment = None
        if segment is None:
            segment = self._new_segment(tenant, signal, now)
            self._open[tenant, signal] = segment
        return segment

    def _new_segment(self, tenant: str, signal: Signal, now: datetime) -> _Open:
        name = new_segment_id(now)
        path = self.folder / f"{name}{SUFFIX}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        head = record.opening(tenant, signal, sealed=self.sealer is not None)
        try:
            _write_all(file, head)
            sync_folder(self.folder)
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._bytes += len(head)
        size = len(head)
        return _Open(name, tenant, signal, path, file, time.monotonic(), (now - _EPOCH).days, size, size)

    def _age_limit(self) -> float:
        # Many tenants, or a writer that lags, are served by fewer and larger segments.
        return min(5.0, self.limits.segment_seconds * max(1.0, len(self._open) / 2, len(self._closed) / 4))

    def _seconds_to_next_close(self) -> float | None:
        if not self._open:
            return None
        oldest = min(segment.born for segment in self._open.values())
        return max(0.001, oldest + self._age_limit() - time.monotonic())

    def _close_due(self, *, everything: bool) -> None:
        limit, now = self._age_limit(), time.monotonic()
        for segment in list(self._open.values()):
            if everything or now - segment.born >= limit or segment.size >= self.limits.segment_bytes:
                self._close(segment)

    def _close(self, segment: _Open) -> None:
        del self._open[segment.tenant, segment.signal]
        if segment.failed:
            try:
                os.ftruncate(segment.file, segment.synced)
                os.fsync(segment.file)
            except OSError as error:
                _log.error("the segment %s cannot be cut back after a failed write: %s", segment.id, error)
        os.close(segment.file)
        closed = ClosedSegment(segment.id, segment.tenant, segment.signal, segment.path, segment.size)
        with self._some_closed:
            self._closed.append(closed)
            self._some_closed.notify_all()

    # At the start.

    def _recover(self) -> None:
        for pattern in ("*.new", "*.probe"):
            for path in self.folder.glob(pattern):
                path.unlink()
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            self._recover_one(path)

    def _recover_one(self, path: Path) -> None:
        try:
            opened_at(path.stem)
        except ValueError as error:
            raise Refused(f"{path} is not a spool segment; move it elsewhere.") from error
        data = path.read_bytes()
        contents = record.read(data)
        if contents is None or not contents.records:
            self.recovered_torn_bytes += len(data)
            path.unlink()
            return
        size = len(data) - contents.torn
        if contents.torn:
            self.recovered_torn_bytes += contents.torn
            _log.warning("cut %d bytes of a torn request off the segment %s", contents.torn, path.stem)
            with path.open("r+b") as file:
                file.truncate(size)
                os.fsync(file.fileno())
        self._closed.append(ClosedSegment(path.stem, contents.tenant, contents.signal, path, size))
        self._bytes += size


def write_synced(path: Path, data: bytes) -> None:
    """Write a file private to the user and sync it; its folder is the caller's to sync."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write_all(file, data)
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
