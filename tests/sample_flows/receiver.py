"""A tiny OTLP and CloudEvents receiver: both doors of a platform, keeping what comes in by service and protocol."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Record:
    """A span or an event as it came in, with hexadecimal ids and times in Unix nanoseconds."""

    service: str
    door: str
    signal: str
    name: str
    kind: int
    trace: str
    span: str
    parent: str
    start_ns: int
    end_ns: int
    status: int
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes a repeated delivery recognisable."""
        return (self.service, self.signal, self.name, self.trace, self.span, self.end_ns, str(self.attributes))


class Receiver:
    """Listens on two free ports until it is closed."""

    def __init__(self, grpc_port: int = 0, http_port: int = 0) -> None:
        self.records: list[Record] = []
        self.cloud_events: list[dict[str, Any]] = []
        self.content_types: set[str] = set()
        self.refuse = False
        self._lock = Lock()
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Traces(self), self._grpc)
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(_Logs(self), self._grpc)
        self.grpc_port = self._grpc.add_insecure_port(f"127.0.0.1:{grpc_port}")
        self._grpc.start()
        receiver = self

        class Handler(_Handler):
            def take(self, path: str, kind: str, body: bytes) -> int:
                return receiver.take_http(path, kind, body)

        self._http = ThreadingHTTPServer(("127.0.0.1", http_port), Handler)
        self._http.daemon_threads = True
        self.http_port = self._http.server_address[1]
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def arguments(self) -> list[str]:
        """The command line options that lead here."""
        return ["--otlp-grpc", f"127.0.0.1:{self.grpc_port}", "--otlp-http", f"http://127.0.0.1:{self.http_port}"]

    def close(self) -> None:
        """Close both doors."""
        self._grpc.stop(0.2).wait()
        self._http.shutdown()
        self._http.server_close()

    def spans(self) -> list[Record]:
        """All spans so far."""
        with self._lock:
            return [record for record in self.records if record.signal == "span"]

    def events(self, name: str = "") -> list[Record]:
        """All events so far, or those of that name."""
        with self._lock:
            return [record for record in self.records if record.signal == "event" and name in ("", record.name)]

    def take_http(self, path: str, kind: str, body: bytes) -> int:
        """The status to answer with."""
        with self._lock:
            self.content_types.add(kind)
        if path == "/v1/events":
            events = json.loads(body)
            with self._lock:
                self.cloud_events += events if isinstance(events, list) else [events]
            return 202
        if path == "/v1/traces":
            self.take_spans(trace_service_pb2.ExportTraceServiceRequest.FromString(body), "http")
        else:
            self.take_logs(logs_service_pb2.ExportLogsServiceRequest.FromString(body), "http")
        return 200

    def take_spans(self, request: Any, door: str) -> None:
        """Keep the spans of a request."""
        found = [
            Record(
                _service(batch),
                door,
                "span",
                span.name,
                span.kind,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                span.start_time_unix_nano,
                span.end_time_unix_nano,
                span.status.code,
                _attributes(span.attributes),
                tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
            )
            for batch in request.resource_spans
            for scope in batch.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self.records += found

    def take_logs(self, request: Any, door: str) -> None:
        """Keep the events of a request."""
        found = [
            Record(
                _service(batch),
                door,
                "event",
                log.event_name,
                0,
                log.trace_id.hex(),
                log.span_id.hex(),
                "",
                log.time_unix_nano,
                log.time_unix_nano,
                0,
                _attributes(log.attributes),
                body=log.body.string_value,
            )
            for batch in request.resource_logs
            for scope in batch.scope_logs
            for log in scope.log_records
        ]
        with self._lock:
            self.records += found


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, to: Receiver) -> None:
        self._to = to

    def Export(self, request: Any, _: Any) -> Any:  # noqa: N802
        self._to.take_spans(request, "grpc")
        return trace_service_pb2.ExportTraceServiceResponse()


class _Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def __init__(self, to: Receiver) -> None:
        self._to = to

    def Export(self, request: Any, _: Any) -> Any:  # noqa: N802
        self._to.take_logs(request, "grpc")
        return logs_service_pb2.ExportLogsServiceResponse()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self, path: str, kind: str, body: bytes) -> int:
        raise NotImplementedError

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.take(self.path, self.headers.get("Content-Type", ""), body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _service(batch: Any) -> str:
    return str(_attributes(batch.resource.attributes)["service.name"])


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
