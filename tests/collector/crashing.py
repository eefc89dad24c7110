"""A collector in a process of its own, to be killed.

`python -m tests.collector.crashing DATA_DIR PORT [CLICKHOUSE_URL]` prints `ready` once it serves OTLP/HTTP on the port;
with the port 0 it drains the spool, prints the numbers of rows, of different spans and of rows of committed segments,
and ends. `--die POINT` ends it as a power cut would, at the point: `before X.Y` and `after X.Y` are a call of a method
of the writer or the spool, `CALL in X.Y` the first such system call while that method runs.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
from pathlib import Path
from typing import Any

from collector import Collector, Limits, SpoolLimits
from store import Store, migrate
from tests.collector.running import wait_for
from tests.collector.sudden_death import die_at


async def main(folder: Path, port: int, url: str | None, point: str | None, journal_bytes: int) -> None:
    """Serve until SIGTERM."""
    store = Store.server(url) if url else Store.embedded(folder / "store")
    with store:
        migrate(store, ("store", "collector"))
        limits = Limits(spool=SpoolLimits(segment_seconds=0.05, journal_bytes=journal_bytes))
        collector = Collector(store, folder, grpc_port=0, http_port=port, limits=limits)
        if point:
            _die_at_point(collector, point)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await collector.start()
        print("ready", flush=True)  # noqa: T201
        if port == 0:
            await asyncio.to_thread(wait_for, lambda: collector.spool.depth_bytes == 0)
            for figure in (
                "count() FROM otel_traces",
                "uniqExact(SpanId) FROM otel_traces",
                "sum(rows) FROM segments FINAL",
            ):
                print(store.value(f"SELECT {figure}"), flush=True)  # noqa: T201
        else:
            await ended.wait()
        await collector.stop()


def _die_at_point(collector: Collector, point: str) -> None:
    when, name = point.replace(" in ", " ").split(" ")
    owner = {"writer": collector.writer, "spool": collector.spool}[name.partition(".")[0]]
    method = getattr(owner, name.partition(".")[2])
    calls = itertools.count()

    def dying(*arguments: Any) -> Any:
        is_now = next(calls) == 2  # some have gone through before
        if is_now and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if is_now and when != "after":
            die_at(when)
        found = method(*arguments)
        if is_now:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, method.__name__, dying)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--die")
    parser.add_argument("--journal-bytes", type=int, default=64 << 10, help="small: it comes round many times a second")
    given = parser.parse_args()
    asyncio.run(main(given.folder, given.port, given.url, given.die, given.journal_bytes))
