"""The past weeks, sent through the same door as everything else: the same systems, in one process, at past instants.

Cases go in chunks, each whole, and within a chunk the reports of the last systems of the process go first. So a
platform that judges while history still arrives meets an answer before the promise it answers: no false alarms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import Event, Thread

from sample_flows.case import Case
from sample_flows.statement import Importer
from sample_flows.systems import SYSTEMS, Endpoints, System, build
from sample_flows.telemetry import Telemetry
from sample_flows.truth import TruthFile
from sample_flows.web import DirectTransport
from sample_flows.world import perform, together

CHUNK = 400
_BATCH = 8000
_NEVER_MS = 3_600_000
_SETTLE_SECONDS = 0.3


def send_history(
    cases: Iterable[Case],
    until: datetime,
    endpoints: Endpoints,
    truth: TruthFile,
    say: Callable[[str], None],
    stop: Event,
    importer: Importer | None = None,
) -> bool:
    """Report all that was to be reported by `until`; False when `stop` was set before the end."""
    began = time.monotonic()
    transport = DirectTransport()
    systems = [build(name, endpoints, transport, say, batch=_BATCH, every_ms=_NEVER_MS) for name in SYSTEMS]
    transport.apps.update({system.name: system.app for system in systems})
    finished = Event()
    Thread(target=_hurry_when_stopped, args=(systems, stop, finished), daemon=True).start()
    sent, told = 0, 0
    for chunk in _chunks(cases):
        if stop.is_set():
            break
        for step in together(step for case in chunk for step in case.steps if step.sent_at <= until):
            perform(step, transport)
        for case in chunk:
            truth.write(case, until)
        _flush(systems)
        sent += len(chunk)
        if sent // 2000 > told:
            told = sent // 2000
            say(f"history: {sent:,} cases sent in {time.monotonic() - began:.0f} s")
    if importer and (dropped := transport.ask("bank", "/statements", {"name": "history.csv"})["file"]):
        importer.take(dropped)
    if sent and not stop.is_set():
        say(f"history: all {sent:,} cases sent in {time.monotonic() - began:.0f} s")
    finished.set()
    for system in systems:
        system.reports.close(within_seconds=0.2)
    truth.flush()
    return not stop.is_set()


def _chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    remaining = iter(cases)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _flush(systems: Sequence[System]) -> None:
    """Events before spans, as an order is placed by a span; the platform stores the two apart, hence the pause."""
    for system in systems:
        if isinstance(system.reports, Telemetry):
            system.reports.flush_events()
        else:
            system.reports.flush()
    time.sleep(_SETTLE_SECONDS)
    for system in reversed(systems):
        if isinstance(system.reports, Telemetry):
            system.reports.flush_spans()


def _hurry_when_stopped(systems: Sequence[System], stop: Event, finished: Event) -> None:
    while not finished.wait(0.1):
        if stop.is_set():
            for system in systems:
                system.reports.hurry()
            return
