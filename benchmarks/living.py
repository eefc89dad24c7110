"""A collector with the correlator in its process, as the platform runs them, for figures of live data.

`python -m benchmarks.living FOLDER MODE`: `stitching`, or `resting` for the same without ticks. Prints its port;
answers each line: `drained` with its counters once the spool is empty and, where it stitches, all of it is stitched;
`timeline KEY` with how many events the timeline of an order has.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path

from benchmarks.orders import CATALOG
from collector import Collector, Limits, SpoolLimits
from correlator import Correlator, InstanceReader
from model import SystemClock
from store import Store, migrate


class Ticks:
    """The correlator's loop: a tick when segments are in, at most half a second apart."""

    def __init__(self, store: Store) -> None:
        self._correlator = Correlator(store, SystemClock())
        self._committed = threading.Event()
        self._ended = threading.Event()
        self._resting = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.events = 0
        self.count = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the last tick end."""
        self._ended.set()
        self._committed.set()
        self._thread.join()

    def committed(self) -> None:
        """Segments are in."""
        self._resting.clear()
        self._committed.set()

    def rest(self) -> None:
        """Wait until nothing is left to stitch."""
        self._resting.wait()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._committed.wait(0.5)
            self._committed.clear()
            report = self._correlator.tick("default", CATALOG)
            self.events += report.events
            self.count += bool(report.segments)
            if report.segments:
                self._committed.set()
            elif not self._committed.is_set():
                self._resting.set()


async def main(folder: Path, mode: str) -> None:
    """Serve until the pipe is closed."""
    store = Store.embedded(folder)
    migrate(store, ("store", "collector", "correlator"))
    ticks = Ticks(store) if mode == "stitching" else None
    collector = Collector(
        store,
        folder,
        grpc_port=0,
        http_port=0,
        limits=Limits(spool=SpoolLimits(total_bytes=16 << 30)),
        on_commit=ticks.committed if ticks else lambda: None,
    )
    await collector.start()
    if ticks:
        ticks.start()
    reader = InstanceReader(store)
    _say({"http": f"http://127.0.0.1:{collector.http_port}"})
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer() -> None:
        for line in sys.stdin:
            question, _, key = line.strip().partition(" ")
            if question == "timeline":
                _say(len(reader.timeline("default", CATALOG.workflows[0], key)[0]))
                continue
            while collector.spool.depth_bytes:
                threading.Event().wait(0.01)
            if ticks:
                ticks.rest()
            _say({"ticks": ticks.count if ticks else 0, "events": ticks.events if ticks else 0})
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=answer, daemon=True).start()
    await ended.wait()
    await collector.stop()
    if ticks:
        ticks.stop()
    store.close()


def _say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
