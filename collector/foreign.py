"""Rows that somebody else wrote into the received tables, a stock OpenTelemetry Collector say, made segments of ours.

Such rows have no segment, so nobody downstream would see them. A sweep gives those of one day and tenant an id of their
own (a mutation of one small column) and then records the segment, as the writer does for its own. They came past tokens
and redaction rules, so the sweep runs only where that was allowed.

Repeating is safe: rows that have an id keep it, and one whose segment was not recorded, because of a crash between the
two steps, is recorded by the next sweep.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from collector.segment import Signal, foreign_segment_id
from model import EPOCH, Clock, ThroughlineError
from store import Sql, Store, load_query

_log = logging.getLogger(__name__)

_SETTLED = timedelta(seconds=5)
"""Rows younger than that are left for the next sweep: their insert may still be running."""
_BACK = timedelta(days=2)
"""How far a sweep looks back before the last one that took in all there was. The first one looks at everything."""


class ForeignRows:
    """Sweeps the received tables in a thread of its own, from `start` to `stop`; `on_commit` when it found any."""

    def __init__(
        self, store: Store, clock: Clock, on_commit: Callable[[], object] | None = None, seconds: float = 10.0
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_commit = on_commit
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = EPOCH
        self.last_error: str | None = None

    def start(self) -> None:
        """Begin to sweep."""
        self._thread = threading.Thread(target=self._run, name="foreign rows", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the sweep that runs."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def sweep(self) -> int:
        """Take in what is there; gives the number of rows. Raises what the store raises."""
        now = self._clock.now()
        for signal in Signal:
            self._adopt(signal, now)
        found = sum(self._record(signal) for signal in Signal)
        self._since = now - _BACK
        return found

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                if self.sweep() and self._on_commit is not None:
                    self._on_commit()
                self.last_error = None
            except Exception as error:  # noqa: BLE001 - told, and tried again: a thread that ended would be missed by nobody
                self.last_error = next(iter(str(error).splitlines()), type(error).__name__)
                _log.error(
                    "rows of other writers wait: %s", self.last_error, exc_info=not isinstance(error, ThroughlineError)
                )

    def _adopt(self, signal: Signal, now: datetime) -> None:
        window = {"since": self._since, "until": now - _SETTLED}
        for group in self._store.rows(load_query("collector", f"foreign_{signal}"), window):
            self._store.execute(
                load_query("collector", f"foreign_{signal}_adopt"),
                {
                    "tenant": group["tenant"],
                    "segment_id": foreign_segment_id(group["received_to"]),
                    "received_from": group["received_from"],
                    "received_to": group["received_to"],
                },
            )

    def _record(self, signal: Signal) -> int:
        rows = 0
        since = {"since": self._since}
        for group in self._store.rows(load_query("collector", f"foreign_{signal}_unrecorded"), since):
            found = {**group, "signal": signal.value, "bytes": 0, "committed_at": self._clock.now()}
            self._store.execute(Sql(load_query("collector", "record_segment"), found))
            rows += int(group["rows"])
        return rows
