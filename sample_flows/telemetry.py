"""The OpenTelemetry SDK set up for one system: a tracer, events, and exporters that outlive a platform that is away.

This is all the set-up a system of your own needs: a resource that names the service, one exporter for spans and one for
logs, and a batch processor in front of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Literal

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import INVALID_SPAN, Tracer, set_span_in_context

from sample_flows.case import LOST, RENAMED, TWICE
from sample_flows.moment import StepIds, faults_on_the_way, now_ns
from sample_flows.patience import PatientLogExporter, PatientSpanExporter

Protocol = Literal["grpc", "http"]
Attributes = Mapping[str, str | int | float | bool | Sequence[str]]

_EVERY_MS = 500
QUEUE = 100_000
"""Records kept for a platform that is away; beyond it the SDK drops the oldest and says so."""


class Telemetry:
    """Spans and events of one system; the exporters are those behind the processors that may have to hurry."""

    def __init__(
        self,
        service: str,
        spans: SpanProcessor,
        logs: LogRecordProcessor,
        exporters: Sequence[PatientSpanExporter | PatientLogExporter] = (),
    ) -> None:
        resource = Resource.create({"service.name": service, "service.namespace": "sample-flows"})
        self._exporters = exporters
        self._spans = TracerProvider(resource=resource, id_generator=StepIds(), shutdown_on_exit=False)
        self._spans.add_span_processor(_SpansOnTheWay(service, spans))
        self._logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._logs.add_log_record_processor(_EventsOnTheWay(service, logs))
        self.service = service
        self.tracer: Tracer = self._spans.get_tracer("sample_flows")
        self._logger = self._logs.get_logger("sample_flows")

    def event(self, name: str, attributes: Attributes, body: str | None = None) -> None:
        """Report a business event; it belongs to the span being worked on, and happens now."""
        self._logger.emit(
            timestamp=now_ns(),
            severity_number=SeverityNumber.INFO,
            event_name=name,
            attributes=as_renamed(attributes),
            body=body,
        )

    def line(self, text: str, attributes: Attributes) -> None:
        """Report a line of a log, outside of any trace."""
        self._logger.emit(
            timestamp=now_ns(),
            context=set_span_in_context(INVALID_SPAN),
            severity_number=SeverityNumber.INFO,
            attributes=as_renamed(attributes),
            body=text,
        )

    def logging(self, name: str) -> logging.Logger:
        """A logger of Python's own whose lines are reported, for a program that has nothing but a log."""
        logger = logging.Logger(name, logging.INFO)
        logger.addHandler(_LogLines(self))
        return logger

    def hurry(self) -> None:
        """Stop waiting for a platform that is away."""
        for exporter in self._exporters:
            exporter.hurry()

    def close(self, within_seconds: float) -> None:
        """Send what waits, if that is possible in that time, and let go of the rest."""
        self.hurry()
        closing = [Thread(target=each.shutdown, daemon=True) for each in (self._spans, self._logs)]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(within_seconds / len(closing))


def connect(
    service: str,
    protocol: Protocol,
    where: str,
    say: Callable[[str], None],
    headers: Mapping[str, str] | None = None,
) -> Telemetry:
    """Telemetry that reports to a platform at `127.0.0.1:4317` (gRPC) or `http://127.0.0.1:4318` (HTTP)."""
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # patience says it in its own words
    exporters = (_grpc if protocol == "grpc" else _http)(where, dict(headers or {}))
    spans, logs = PatientSpanExporter(exporters[0], where, say), PatientLogExporter(exporters[1], where, say)
    return Telemetry(
        service,
        BatchSpanProcessor(spans, QUEUE, _EVERY_MS),
        BatchLogRecordProcessor(logs, _EVERY_MS, max_queue_size=QUEUE),
        (spans, logs),
    )


# Only what a system uses is imported: grpc alone costs a process 20 MB.


def _grpc(endpoint: str, headers: dict[str, str]) -> tuple[SpanExporter, LogRecordExporter]:
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    return (
        OTLPSpanExporter(endpoint, insecure=True, headers=headers),
        OTLPLogExporter(endpoint, insecure=True, headers=headers),
    )


def _http(endpoint: str, headers: dict[str, str]) -> tuple[SpanExporter, LogRecordExporter]:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    base = endpoint.rstrip("/")
    return OTLPSpanExporter(f"{base}/v1/traces", headers=headers), OTLPLogExporter(f"{base}/v1/logs", headers=headers)


class _LogLines(logging.Handler):
    """What `LoggingHandler` of `opentelemetry-instrumentation-logging` does, at the time of the request answered.

    The fields given as `extra` become attributes, the line becomes the body; the event's name is an attribute, too.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        """Report one line."""
        extra = {name: value for name, value in vars(record).items() if name not in _PLAIN}
        self._telemetry.line(record.getMessage(), extra)


_PLAIN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None)))


def as_renamed(attributes: Attributes) -> Attributes:
    """The attributes as a new release calls them, where that is the fault of the request being answered."""
    renamed = [fault.removeprefix(RENAMED) + "." for fault in faults_on_the_way() if fault.startswith(RENAMED)]
    return {
        f"v2.{name}" if any(name.startswith(kind) for kind in renamed) else name: value
        for name, value in attributes.items()
    }


def deliveries(service: str) -> int:
    """How often a report of that system is sent: once, or as the fault of the request being answered has it."""
    faults = faults_on_the_way()
    return 0 if f"{LOST}:{service}" in faults else 2 if TWICE in faults else 1


class _SpansOnTheWay(SpanProcessor):
    """Passes spans on once, twice as an impatient sender would, or never."""

    def __init__(self, service: str, to: SpanProcessor) -> None:
        self._service, self._to = service, to

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._to.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        for _ in range(deliveries(self._service)):
            self._to.on_end(span)

    def shutdown(self) -> None:
        self._to.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._to.force_flush(timeout_millis)


class _EventsOnTheWay(LogRecordProcessor):
    """The same for events."""

    def __init__(self, service: str, to: LogRecordProcessor) -> None:
        self._service, self._to = service, to

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        for _ in range(deliveries(self._service)):
            self._to.on_emit(log_record)

    def shutdown(self) -> None:
        self._to.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._to.force_flush(timeout_millis)
