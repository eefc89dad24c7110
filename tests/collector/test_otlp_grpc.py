"""OTLP/gRPC: the official Python SDK's exporters, and the codes the specification asks for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import Link, Status, StatusCode

from collector import IntakeLimits, Limits, SpoolLimits
from model.access import Access, Principal
from tests.collector.payloads import logs, spans
from tests.collector.running import RunningCollector

_TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
_METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def _call(
    running: RunningCollector, method: str, body: bytes, token: str | None = None, compression: int | None = None
) -> bytes:
    metadata = (("authorization", f"Bearer {token}"),) if token else None
    with grpc.insecure_channel(running.grpc) as channel:
        call = channel.unary_unary(method)
        return bytes(call(body, timeout=20, metadata=metadata, compression=compression))


@pytest.fixture(scope="module")
def spooling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector without a store: what concerns the protocol alone."""
    limits = Limits(spool=SpoolLimits(total_bytes=1_000_000))
    with RunningCollector(None, tmp_path_factory.mktemp("spooling"), limits=limits) as collector:
        yield collector


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_the_python_sdk_reports_spans(running: RunningCollector, protocol: str) -> None:
    exporter: SpanExporter = (
        GrpcSpanExporter(endpoint=f"http://{running.grpc}", insecure=True)
        if protocol == "grpc"
        else HttpSpanExporter(endpoint=f"{running.http}/v1/traces")
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests", "1.2")
    with tracer.start_as_current_span("place order", attributes={"order.id": "SO-1", "lines": ["a", "b"]}) as parent:
        parent.add_event("stock.reserved", {"sku": "A1"})
        with tracer.start_as_current_span("charge", links=[Link(parent.get_span_context())]) as child:
            child.set_status(Status(StatusCode.ERROR, "declined"))
    provider.shutdown()
    rows = {row["SpanName"]: row for row in running.rows("otel_traces", 2)}
    order, charge = rows["place order"], rows["charge"]
    context = parent.get_span_context()
    assert order["TraceId"] == charge["TraceId"] == f"{context.trace_id:032x}"
    assert charge["ParentSpanId"] == order["SpanId"] == charge["Links.SpanId"][0] == f"{context.span_id:016x}"
    assert order["SpanAttributes"] == {"order.id": "SO-1", "lines": '["a","b"]'}
    assert (order["ServiceName"], order["ScopeName"], order["ScopeVersion"]) == ("shop", "tests", "1.2")
    assert (order["Events.Name"], order["Events.Attributes"]) == (["stock.reserved"], [{"sku": "A1"}])
    assert (charge["StatusCode"], charge["StatusMessage"]) == ("Error", "declined")
    assert (order["StatusCode"], order["SpanKind"]) == ("Unset", "Internal")
    assert order["Duration"] == parent.end_time - parent.start_time  # type: ignore[attr-defined]


def test_log_records_are_stored(running: RunningCollector) -> None:
    assert _call(running, _LOGS, logs(3).SerializeToString()) == b""
    assert [row["EventName"] for row in running.rows("otel_logs", 3)] == ["order.placed"] * 3


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_read(spooling: RunningCollector, compression: int) -> None:
    before = spooling.collector.counters.value("accepted_items")
    assert _call(spooling, _TRACES, spans(50).SerializeToString(), compression=compression) == b""
    assert spooling.collector.counters.value("accepted_items") - before == 50


def test_an_empty_request_is_accepted(spooling: RunningCollector) -> None:
    assert _call(spooling, _TRACES, b"") == b""


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        pytest.param(_TRACES, b"\xff\xff", grpc.StatusCode.INVALID_ARGUMENT, id="bytes that are no protobuf"),
        pytest.param(_METRICS, b"", grpc.StatusCode.UNIMPLEMENTED, id="metrics"),
        pytest.param("/some.Service/Export", b"", grpc.StatusCode.UNIMPLEMENTED, id="an unknown service"),
        pytest.param(_TRACES, bytes(17 << 20), grpc.StatusCode.RESOURCE_EXHAUSTED, id="a request too large"),
    ],
)
def test_a_mistake_is_answered_with_its_code(
    spooling: RunningCollector, method: str, body: bytes, code: grpc.StatusCode
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _call(spooling, method, body)
    assert caught.value.code() == code  # type: ignore[attr-defined]


def test_a_full_spool_refuses_as_retryable(spooling: RunningCollector) -> None:
    body = spans(1000).SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        _repeat(spooling, body, 50)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]  # type: ignore[attr-defined]
    info = error_details_pb2.RetryInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    assert info.retry_delay.seconds > 0


def _repeat(running: RunningCollector, body: bytes, times: int) -> None:
    for _ in range(times):
        _call(running, _TRACES, body)


def _answer_before_the_message(running: RunningCollector, method: str, token: str | None = None) -> grpc.RpcError:
    """What a sender is told that has only begun its call, and sends no message before it has been answered."""
    answered = threading.Event()

    def messages() -> Iterator[bytes]:
        answered.wait(60)
        yield b""

    metadata = (("authorization", f"Bearer {token}"),) if token else None
    with grpc.insecure_channel(running.grpc) as channel:
        try:
            with pytest.raises(grpc.RpcError) as caught:
                channel.stream_unary(method)(messages(), timeout=20, metadata=metadata)
        finally:
            answered.set()
    return caught.value


def test_who_may_not_send_is_told_so_before_the_message_is_read(tmp_path: Path) -> None:
    known = hashlib.sha256(b"t1").hexdigest()
    reader = hashlib.sha256(b"t2").hexdigest()
    access = Access(
        is_open=False,
        entries=(
            (known, Principal("shop", "acme", frozenset({"ingest"}))),
            (reader, Principal("ann", "acme", frozenset({"read"}))),
        ),
    )
    with RunningCollector(None, tmp_path, access=access) as running:
        for method, token, code in [
            (_TRACES, None, grpc.StatusCode.UNAUTHENTICATED),
            (_LOGS, "wrong", grpc.StatusCode.UNAUTHENTICATED),
            (_LOGS, "t2", grpc.StatusCode.PERMISSION_DENIED),
            (_METRICS, None, grpc.StatusCode.UNIMPLEMENTED),
        ]:
            assert _answer_before_the_message(running, method, token).code() is code  # type: ignore[attr-defined]
        # A long message, which the sender is in the middle of when it is told, changes nothing about that.
        with pytest.raises(grpc.RpcError) as caught:
            _call(running, _TRACES, bytes(15 << 20), "wrong")
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
        assert running.collector.counters.value("refused_requests", reason="unauthenticated") == 3
        assert _call(running, _TRACES, spans(1).SerializeToString(), "t1") == b""


def test_who_comes_while_too_much_is_worked_on_is_told_so_before_the_message_is_read(tmp_path: Path) -> None:
    with RunningCollector(None, tmp_path, limits=Limits(intake=IntakeLimits(in_flight_bytes=0))) as running:
        refused = _answer_before_the_message(running, _TRACES)
        assert refused.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
        assert "grpc-status-details-bin" in dict(refused.trailing_metadata())  # type: ignore[attr-defined]


def test_connections_beyond_the_bound_are_refused_as_retryable(tmp_path: Path) -> None:
    own = [("grpc.use_local_subchannel_pool", 1)]  # a connection for each channel
    with (
        RunningCollector(None, tmp_path, limits=Limits(intake=IntakeLimits(connections=2))) as running,
        grpc.insecure_channel(running.grpc, own) as one,
        grpc.insecure_channel(running.grpc, own) as two,
        grpc.insecure_channel(running.grpc, own) as three,
    ):
        for channel in (one, two):
            assert channel.unary_unary(_TRACES)(b"", timeout=20) == b""
        with pytest.raises(grpc.RpcError) as caught:
            three.unary_unary(_TRACES)(b"", timeout=20)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE  # type: ignore[attr-defined]
        assert one.unary_unary(_TRACES)(b"", timeout=20) == b""


def test_tokens_decide_who_may_send(tmp_path: Path) -> None:
    known = hashlib.sha256(b"t1").hexdigest()
    access = Access(is_open=False, entries=((known, Principal("shop", "acme", frozenset({"ingest"}))),))
    with RunningCollector(None, tmp_path, access=access) as running:
        for token in (None, "wrong"):
            with pytest.raises(grpc.RpcError) as caught:
                _call(running, _TRACES, spans(1).SerializeToString(), token)
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
        assert _call(running, _TRACES, spans(1).SerializeToString(), "t1") == b""
        assert running.collector.counters.value("refused_requests", reason="unauthenticated") == 2
