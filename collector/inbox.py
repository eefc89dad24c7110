"""Requests on their way to disk: in memory, so bounded; taken out many at a time by the one thread that writes."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from collector.requests import Accepted
from model import SpoolFull


@dataclass(slots=True)
class Waiting:
    """One request; `done` is for when it is on disk."""

    tenant: str
    accepted: Accepted
    received_us: int
    done: Future[None] = field(default_factory=Future)

    @property
    def size(self) -> int:
        """Bytes of its body."""
        return len(self.accepted.body)


class Inbox:
    """Holds at most `limit_bytes`; any thread may put, one takes."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._bytes = 0
        self.closed = False

    @property
    def bytes(self) -> int:
        """Bytes of all requests put and not yet written."""
        return self._bytes

    def put(self, waiting: Waiting) -> None:
        """Add one; raises `SpoolFull`."""
        with self._lock:
            if self.closed:
                raise SpoolFull("the collector is stopping; send again")
            if self._bytes + waiting.size > self._limit_bytes:
                raise SpoolFull("more requests wait for the disk than memory is meant to hold; send again later")
            self._bytes += waiting.size
            self._queue.put(waiting)  # under the lock: nothing may come after the mark that `close` puts

    def close(self) -> None:
        """Take nothing more."""
        with self._lock:
            self.closed = True
            self._queue.put(None)

    def batch(self, timeout_seconds: float | None, enough_bytes: int) -> list[Waiting] | None:
        """All that wait, up to a size; an empty list after the time; None once it is closed and empty."""
        batch: list[Waiting] = []
        size = 0
        try:
            item = self._queue.get(timeout=timeout_seconds)
            while item is not None:
                batch.append(item)
                size += item.size
                if size >= enough_bytes:
                    return batch
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch
        if batch:
            self._queue.put(None)  # write these first, then meet the end again
            return batch
        return None

    def written(self, batch: list[Waiting]) -> None:
        """Forget requests that are on disk, or were refused by it."""
        with self._lock:
            self._bytes -= sum(item.size for item in batch)
