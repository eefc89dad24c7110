"""Tells the event loop that requests are durable: it is woken once for all that became so together, not once for each.

A wake-up is a system call on either side, and a change of threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future


class Acknowledgements:
    """Waits for futures of another thread; `durable` belongs to one event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._finished: deque[tuple[asyncio.Future[None], BaseException | None]] = deque()
        self._is_called = False

    async def durable(self, request: Future[None]) -> None:
        """Return when it is done; raises what it failed with."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        request.add_done_callback(lambda done: self._finish(loop, waiting, done.exception()))
        await waiting

    def _finish(
        self, loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[None], error: BaseException | None
    ) -> None:
        with self._lock:
            self._finished.append((waiting, error))
            if self._is_called or loop.is_closed():
                return
            self._is_called = True
        loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        with self._lock:
            finished, self._finished = self._finished, deque()
            self._is_called = False
        for waiting, error in finished:
            if waiting.cancelled():  # its sender has gone
                continue
            if error is None:
                waiting.set_result(None)
            else:
                waiting.set_exception(error)
