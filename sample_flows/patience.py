"""Exporters that wait for a platform that is away, say so once in clear words, and send what they kept when it is back.

The SDK's exporters give up after some seconds and drop the batch. These try again until it is taken. A batch that a
platform which can be reached refuses again and again is dropped and counted: it would block all that follow.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from threading import Event, Timer
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

REFUSALS = 5
LONGEST_WAIT_SECONDS = 5.0
ATTEMPT_SECONDS = 1.0


class Patience:
    """Tries until it succeeds, or until it is told to hurry."""

    def __init__(self, where: str, what: str, say: Callable[[str], None]) -> None:
        self._where, self._what, self._say = where, what, say
        self._hurry = Event()
        self._away = False

    def hurry(self) -> None:
        """One attempt each from now on: the system is being ended."""
        self._hurry.set()

    def insist(self, attempt: Callable[[], bool], count: int) -> bool:
        """Repeat `attempt` until it returns True; False when the `count` records had to be given up."""
        wait, refusals = 0.25, 0
        while not attempt():
            if self._hurry.is_set():
                self._say(f"{count} {self._what} could not be sent to {self._where} any more")
                return False
            refusals = refusals + 1 if can_connect(self._where) else 0
            if refusals == REFUSALS:
                self._say(f"the platform at {self._where} refused {count} {self._what} {REFUSALS} times; dropped them")
                return False
            if refusals == 0 and not self._away:
                self._away = True
                self._say(f"the platform at {self._where} is away; keeping {self._what} until it is back")
            self._hurry.wait(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        if self._away:
            self._away = False
            self._say(f"the platform at {self._where} is back; sending what was kept")
        return True


class PatientSpanExporter(SpanExporter):
    """A span exporter that does not give up."""

    def __init__(self, exporter: SpanExporter, where: str, say: Callable[[str], None]) -> None:
        self._exporter, self._patience = exporter, Patience(where, "spans", say)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        done = self._patience.insist(lambda: self._exporter.export(spans) is SpanExportResult.SUCCESS, len(spans))
        return SpanExportResult.SUCCESS if done else SpanExportResult.FAILURE

    def hurry(self) -> None:
        """One attempt each from now on, and not a long one."""
        self._patience.hurry()
        _after(ATTEMPT_SECONDS, self._exporter.shutdown)

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class PatientLogExporter(LogRecordExporter):
    """A log exporter that does not give up."""

    def __init__(self, exporter: LogRecordExporter, where: str, say: Callable[[str], None]) -> None:
        self._exporter, self._patience = exporter, Patience(where, "events", say)

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        done = self._patience.insist(lambda: self._exporter.export(batch) is LogRecordExportResult.SUCCESS, len(batch))
        return LogRecordExportResult.SUCCESS if done else LogRecordExportResult.FAILURE

    def hurry(self) -> None:
        """One attempt each from now on, and not a long one."""
        self._patience.hurry()
        _after(ATTEMPT_SECONDS, self.shutdown)

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _after(seconds: float, act: Callable[[], None]) -> None:
    timer = Timer(seconds, act)
    timer.daemon = True
    timer.start()


def can_connect(where: str) -> bool:
    """Whether something listens at `host:port` or at a URL."""
    parts: Any = urlsplit(where if "//" in where else f"//{where}")
    try:
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=1):
            return True
    except OSError:
        return False
