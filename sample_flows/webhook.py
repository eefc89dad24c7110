"""A SaaS that cannot be instrumented: all it does is to post CloudEvents 1.0 to an address entered in its settings.

Events wait in a queue; one that is alone goes in structured mode, several go as a batch.
"""

from __future__ import annotations

import json
import queue
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from sample_flows.moment import now_ns
from sample_flows.patience import Patience
from sample_flows.telemetry import deliveries

BATCH = 500
TIMEOUT_SECONDS = 10


class Webhook:
    """What a SaaS tells of itself; `source` is its name in all its events, `post` takes each of them."""

    def __init__(self, source: str, post: Callable[[dict[str, Any]], None]) -> None:
        self._source, self._post = source, post

    def event(self, kind: str, event_id: str, data: dict[str, Any]) -> None:
        """Report an event of that type; the id is the same however often it is reported."""
        time = datetime.fromtimestamp(now_ns() / 1e9, UTC).isoformat(timespec="milliseconds")
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": self._source,
            "type": kind,
            "time": time.replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }
        for _ in range(deliveries(self._source.rsplit("/", 1)[-1])):
            self._post(event)


def source_of(name: str) -> str:
    """The CloudEvents source of the SaaS of that name."""
    return f"https://saas.example.com/{name}"


class Poster:
    """Posts events to the platform at `endpoint`, in the background."""

    def __init__(self, endpoint: str, say: Callable[[str], None], headers: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self._url = f"{endpoint.rstrip('/')}/v1/events"
        self._patience = Patience(endpoint, "CloudEvents", say)
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._thread = Thread(target=self._work, name="webhook", daemon=True)
        self._thread.start()

    def put(self, event: dict[str, Any]) -> None:
        """Post an event as soon as possible."""
        self._queue.put(event)

    def flush(self) -> None:
        """Return when all events so far are sent."""
        self._queue.join()

    def hurry(self) -> None:
        """Stop waiting for a platform that is away."""
        self._patience.hurry()

    def close(self, within_seconds: float) -> None:
        """Send what waits, if that is possible in that time."""
        self.hurry()
        self._queue.put(None)
        self._thread.join(within_seconds)

    def _work(self) -> None:
        while True:
            events = [self._queue.get()]
            while len(events) < BATCH and not self._queue.empty():
                events.append(self._queue.get())
            waiting = [event for event in events if event is not None]
            if waiting:
                self._patience.insist(lambda batch=waiting: self._post(batch), len(waiting))  # type: ignore[misc]
            for _ in events:
                self._queue.task_done()
            if None in events:
                return

    def _post(self, events: list[dict[str, Any]]) -> bool:
        structured = len(events) == 1
        kind = "application/cloudevents+json" if structured else "application/cloudevents-batch+json"
        body = json.dumps(events[0] if structured else events).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": kind, **self._headers}, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False
