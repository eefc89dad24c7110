"""Threads for what takes long with a large request: in the event loop it would keep all other requests waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_IN_LOOP_BYTES = 64 << 10
"""What is no larger is worked on where it is: the way to a thread and back would cost more."""

_T = TypeVar("_T")


class Aside:
    """Two threads and no more: a request takes up to some twenty times its size while it is read."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="large-request")

    async def run(self, size: int, work: Callable[[], _T]) -> _T:
        """What the work gives, done on so many bytes: at once where they are few, else in a thread."""
        if size <= _IN_LOOP_BYTES:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Free the threads; nothing may be asked after it."""
        self._threads.shutdown()
