"""A collector in a process of its own, to be killed.

`python -m tests.collector.crashing DATA_DIR PORT [CLICKHOUSE_URL]` prints `ready` once it serves OTLP/HTTP on the port;
with the port 0 it drains the spool, prints the numbers of rows, of different spans and of rows of committed segments,
and ends.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from collector import Collector, Limits, SpoolLimits
from store import Store, migrate
from tests.collector.running import wait_for


async def main(folder: Path, port: int, url: str | None) -> None:
    """Serve until SIGTERM."""
    store = Store.server(url) if url else Store.embedded(folder / "store")
    with store:
        migrate(store, ("store", "collector"))
        limits = Limits(spool=SpoolLimits(segment_seconds=0.05))
        collector = Collector(store, folder, grpc_port=0, http_port=port, limits=limits)
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


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
