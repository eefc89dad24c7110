"""A collector in a thread of this process, and one in a process of its own that can be killed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from collector import Collector, Limits
from model.access import Access
from store import Store


class RunningCollector:
    """Runs a collector's event loop in a thread, as the platform does; use it in a `with` statement."""

    def __init__(
        self,
        store: Store | None,
        folder: Path,
        *,
        access: Access | None = None,
        limits: Limits | None = None,
        **rest: Any,
    ) -> None:
        self.commits = 0
        self.store = store
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.collector = Collector(
            store, folder, access=access, grpc_port=0, http_port=0, limits=limits, on_commit=self._count, **rest
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self.collector.start())
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self.collector.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def http(self) -> str:
        """Where OTLP/HTTP is served."""
        return f"http://127.0.0.1:{self.collector.http_port}"

    @property
    def grpc(self) -> str:
        """Where OTLP/gRPC is served."""
        return f"127.0.0.1:{self.collector.grpc_port}"

    def rows(self, table: str, count: int) -> list[dict[str, Any]]:
        """The rows of a raw table, once there are as many as expected."""
        assert self.store is not None
        store = self.store
        wait_for(lambda: store.value(f"SELECT count() FROM {table}") >= count)
        wait_for(lambda: self.collector.spool.depth_bytes == 0)
        rows = store.rows(f"SELECT * FROM {table} ORDER BY Timestamp, ReceivedAt")
        assert len(rows) == count
        return rows

    def _count(self) -> None:
        self.commits += 1

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return once the condition holds; fail after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
