"""A collector on its own in a process, for figures that must not hold the work of other rooms.

`python -m benchmarks.receiving FOLDER MODE`: `embedded` over tables in the folder, `server URL` over a server, `none`
with the spool only. Prints its ports; answers each line `drained SINCE` with its counters once the spool is empty, and
`settled` once the engine has merged what it wants to as well.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path

from benchmarks.rest import come_to_rest
from collector import Collector, Limits, SpoolLimits
from store import Store, migrate


async def main(folder: Path, mode: str, url: str | None) -> None:
    """Serve until the pipe is closed."""
    store = Store.server(url) if url else Store.embedded(folder) if mode == "embedded" else None
    if store is not None:
        migrate(store, ("store", "collector"))
    limits = Limits(spool=SpoolLimits(total_bytes=16 << 30))
    collector = Collector(store, folder, grpc_port=0, http_port=0, limits=limits)
    await collector.start()
    _say({"http": f"http://127.0.0.1:{collector.http_port}", "grpc": f"http://127.0.0.1:{collector.grpc_port}"})
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer() -> None:
        for line in sys.stdin:
            if store is not None:
                while collector.spool.depth_bytes:
                    threading.Event().wait(0.01)
                if line.startswith("settled"):
                    come_to_rest(store)
            _say(_state(collector, store, float(line.split()[1]) if " " in line else 0.0))
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=answer, daemon=True).start()
    await ended.wait()


def _state(collector: Collector, store: Store | None, since: float) -> dict[str, float]:
    """`since` (seconds since 1970) is where the run began whose rows' delay is asked for."""
    found: dict[str, float] = {"items": collector.counters.value("accepted_items")}
    if store is not None:
        found["rows"] = store.value("SELECT count() FROM otel_traces")
        found["parts"] = collector.counters.value("segments")
        delay = "dateDiff('microsecond', received_from, committed_at) / 1000000"
        found["visible_p99"] = store.value(
            f"SELECT quantileExactWeighted(0.99)({delay}, rows) FROM segments FINAL "
            "WHERE received_from >= toDateTime64({since:Float64}, 6)",
            {"since": since},
        )
    return found


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None))
