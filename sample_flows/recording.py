"""The sample systems in one process, with all they report kept in memory: the same code and SDK, no network in between.

A report is one span, one event or one CloudEvent, as the exporter would put it on the wire.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from sample_flows.case import Step
from sample_flows.systems import SYSTEMS, assemble
from sample_flows.telemetry import Telemetry
from sample_flows.web import DirectTransport
from sample_flows.webhook import Webhook, source_of
from sample_flows.world import perform

Signal = Literal["spans", "logs", "cloudevents"]
Place = tuple[str, Signal]
"""Which system reports, and what."""


class Report(NamedTuple):
    """One record: the protobuf message of a span or a log record, or a CloudEvent as a dictionary."""

    place: Place
    message: Any

    def on_the_wire(self) -> bytes:
        """As an element of the list it is sent in: a field of its scope, or an element of a JSON array."""
        if self.place[1] == "cloudevents":
            return json.dumps(self.message).encode()
        return field(2, self.message.SerializeToString())


class Recorder:
    """All systems; `perform` lets a step happen in them. The bank drops its statements in a folder, if at all."""

    def __init__(self, drop: Path | None) -> None:
        self.transport = DirectTransport()
        self.envelopes: dict[Place, tuple[bytes, bytes]] = {}
        self._kept: list[tuple[Place, Any]] = []
        for name, protocol in SYSTEMS.items():
            reports = self._webhook(name) if protocol == "cloudevents" else self._telemetry(name)
            self.transport.apps[name] = assemble(name, reports, self.transport, drop)

    def perform(self, step: Step, observed_ns: int) -> list[Report]:
        """What the systems report of a step, in order; events are observed at `observed_ns`."""
        self._kept.clear()
        perform(step, self.transport)
        return [self._report(place, record, observed_ns) for place, record in self._kept]

    def _webhook(self, name: str) -> Webhook:
        place: Place = (name, "cloudevents")
        return Webhook(source_of(name), lambda event: self._kept.append((place, event)))

    def _telemetry(self, name: str) -> Telemetry:
        return Telemetry(name, _Spans((name, "spans"), self._kept), _Events((name, "logs"), self._kept))

    def _report(self, place: Place, record: Any, observed_ns: int) -> Report:
        if place[1] == "cloudevents":
            return Report(place, record)
        if place[1] == "spans":
            [group] = encode_spans([record]).resource_spans
            [scope] = group.scope_spans
            [message] = scope.spans
            scope.ClearField("spans")
        else:
            [group] = encode_logs([record]).resource_logs
            [scope] = group.scope_logs
            [message] = scope.log_records
            message.observed_time_unix_nano = observed_ns
            scope.ClearField("log_records")
        if place not in self.envelopes:
            inner = scope.SerializeToString()
            group.ClearField("scope_spans" if place[1] == "spans" else "scope_logs")
            self.envelopes[place] = (group.SerializeToString(), inner)
        return Report(place, message)


def joined(reports: Iterable[Report]) -> dict[Place, bytes]:
    """The reports by the list they are sent in."""
    found: dict[Place, list[bytes]] = {}
    for report in reports:
        found.setdefault(report.place, []).append(report.on_the_wire())
    return {place: (b"," if place[1] == "cloudevents" else b"").join(parts) for place, parts in found.items()}


def field(number: int, content: bytes) -> bytes:
    """A field of the length-delimited kind of a protobuf message."""
    size, prefix = len(content), bytearray([number << 3 | 2])
    while size > 127:
        prefix.append(size & 127 | 128)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + content


class _Spans(SpanProcessor):
    def __init__(self, place: Place, kept: list[tuple[Place, Any]]) -> None:
        self._place, self._kept = place, kept

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing."""

    def on_end(self, span: ReadableSpan) -> None:
        self._kept.append((self._place, span))


class _Events(LogRecordProcessor):
    def __init__(self, place: Place, kept: list[tuple[Place, Any]]) -> None:
        self._place, self._kept = place, kept

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        record = log_record.log_record
        resource = log_record.resource or Resource.get_empty()
        told = ReadableLogRecord(record, resource, log_record.instrumentation_scope, log_record.limits)
        self._kept.append((self._place, told))

    def shutdown(self) -> None:
        """Nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """All is kept already."""
        return True
