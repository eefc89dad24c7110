"""Every field of spans and log records is found in the column, and in the form, the stock ClickHouse exporter uses."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from tests.collector.payloads import START
from tests.collector.running import RunningCollector

_AT = datetime(2026, 11, 18, 11, 6, 40, 123456, tzinfo=UTC)


def _send(running: RunningCollector, path: str, body: bytes) -> None:
    answer = httpx.post(running.http + path, content=body, headers={"content-type": "application/x-protobuf"})
    assert (answer.status_code, answer.content) == (200, b"")


def _full_span() -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url="https://example.org/resource")
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    resource.resource.attributes.add(key="process.pid").value.int_value = -42
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = "shop.http", "2.1"
    span = scope.spans.add(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8, 16)),
        parent_span_id=bytes(range(1, 9)),
        trace_state="vendor=1",
        name="POST /orders",
        kind=2,
        start_time_unix_nano=START,
        end_time_unix_nano=START + 1_500_000_001,
    )
    span.status.code, span.status.message = 2, "declined"
    span.attributes.add(key="order.id").value.string_value = "SO-1"
    span.attributes.add(key="order.rush").value.bool_value = True
    span.attributes.add(key="order.lines").value.int_value = 3
    span.attributes.add(key="order.total").value.double_value = 637.704
    span.attributes.add(key="order.hash").value.bytes_value = b"\x00\xff"
    orders = span.attributes.add(key="orders").value.array_value
    orders.values.add(string_value="SO-1")
    orders.values.add(string_value='S"O<2>&\u2028')
    customer = span.attributes.add(key="customer").value.kvlist_value
    customer.values.add(key="name").value.string_value = "Ünal"
    customer.values.add(key="id").value.int_value = 9
    rates = span.attributes.add(key="rates").value.array_value
    for rate in (0.00005, -0.000001, 1.5e-7, 1e21, 637.704, 4.523457922649097e17):
        rates.values.add(double_value=rate)
    rates.values.add(string_value='5e-05, "1e-06" \\')
    event = span.events.add(name="stock.reserved", time_unix_nano=START + 7)
    event.attributes.add(key="sku").value.string_value = "A1"
    event.attributes.add(key="bins").value.array_value.values.add(int_value=4)
    link = span.links.add(trace_id=b"\xaa" * 16, span_id=b"\xbb" * 8, trace_state="x=y")
    link.attributes.add(key="why").value.string_value = "batch"
    span.links.add(trace_id=bytes(16), span_id=bytes(8))
    return request.SerializeToString()


def test_every_field_of_a_span_is_in_its_column(running: RunningCollector) -> None:
    _send(running, "/v1/traces", _full_span())
    (row,) = running.rows("otel_traces", 1)
    received_at, segment_id = row.pop("ReceivedAt"), row.pop("SegmentId")
    assert row == {
        "Timestamp": _AT,
        "TraceId": "000102030405060708090a0b0c0d0e0f",
        "SpanId": "08090a0b0c0d0e0f",
        "ParentSpanId": "0102030405060708",
        "TraceState": "vendor=1",
        "SpanName": "POST /orders",
        "SpanKind": "Server",
        "ServiceName": "shop",
        "ResourceAttributes": {"service.name": "shop", "process.pid": "-42"},
        "ScopeName": "shop.http",
        "ScopeVersion": "2.1",
        "SpanAttributes": {
            "order.id": "SO-1",
            "order.rush": "true",
            "order.lines": "3",
            "order.total": "637.704",
            "order.hash": "AP8=",
            "orders": '["SO-1","S\\"O<2>&\\u2028"]',
            "customer": '{"id":9,"name":"Ünal"}',
            "rates": '[0.00005,-0.000001,1.5e-7,1e+21,637.704,452345792264909700,"5e-05, \\"1e-06\\" \\\\"]',
        },
        "Duration": 1_500_000_001,
        "StatusCode": "Error",
        "StatusMessage": "declined",
        "Events.Timestamp": [_AT],
        "Events.Name": ["stock.reserved"],
        "Events.Attributes": [{"sku": "A1", "bins": "[4]"}],
        "Links.TraceId": ["aa" * 16, ""],
        "Links.SpanId": ["bb" * 8, ""],
        "Links.TraceState": ["x=y", ""],
        "Links.Attributes": [{"why": "batch"}, {}],
        "Tenant": "default",
    }
    store = running.store
    assert store is not None
    assert store.value("SELECT toUnixTimestamp64Nano(Timestamp) FROM otel_traces") == START
    assert store.value("SELECT toUnixTimestamp64Nano(Events.Timestamp[1]) FROM otel_traces") == START + 7
    (segment,) = store.rows("SELECT * FROM segments FINAL")
    assert (segment["segment_id"], segment["rows"], segment["signal"]) == (segment_id, 1, "traces")
    # One part, the request's own receive time a little before the segment's opening.
    assert abs((segment["received_from"] - received_at).total_seconds()) < 1
    assert store.value("SELECT count() FROM otel_traces_trace_id_ts") == 1


def test_every_field_of_a_log_record_is_in_its_column(running: RunningCollector) -> None:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add(schema_url="https://example.org/resource")
    resource.resource.attributes.add(key="service.name").value.string_value = "erp"
    scope = resource.scope_logs.add(schema_url="https://example.org/scope")
    scope.scope.name, scope.scope.version = "erp.events", "7"
    scope.scope.attributes.add(key="module").value.string_value = "SD"
    log = scope.log_records.add(
        time_unix_nano=START,
        observed_time_unix_nano=START + 9,
        severity_number=17,
        severity_text="ERROR",
        event_name="erp.delivery.created",
        flags=1,
        trace_id=b"\x01" * 16,
        span_id=b"\x02" * 8,
    )
    log.body.kvlist_value.values.add(key="delivery").value.int_value = 80001
    log.attributes.add(key="order.id").value.array_value.values.add(string_value="SO-1")
    _send(running, "/v1/logs", request.SerializeToString())
    (row,) = running.rows("otel_logs", 1)
    del row["ReceivedAt"], row["SegmentId"]
    assert row == {
        "Timestamp": _AT,
        "TraceId": "01" * 16,
        "SpanId": "02" * 8,
        "TraceFlags": 1,
        "SeverityText": "ERROR",
        "SeverityNumber": 17,
        "ServiceName": "erp",
        "Body": '{"delivery":80001}',
        "ResourceSchemaUrl": "https://example.org/resource",
        "ResourceAttributes": {"service.name": "erp"},
        "ScopeSchemaUrl": "https://example.org/scope",
        "ScopeName": "erp.events",
        "ScopeVersion": "7",
        "ScopeAttributes": {"module": "SD"},
        "LogAttributes": {"order.id": '["SO-1"]'},
        "EventName": "erp.delivery.created",
        "Tenant": "default",
    }


def test_a_log_without_its_own_time_has_the_observed_one_and_without_any_the_received_one(
    running: RunningCollector,
) -> None:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    records.add(observed_time_unix_nano=START, event_name="observed")
    records.add(event_name="timeless").attributes.add(key="a").value.string_value = "b"
    _send(running, "/v1/logs", request.SerializeToString())
    observed, timeless = running.rows("otel_logs", 2)
    assert (observed["Timestamp"], observed["LogAttributes"]) == (_AT, {})
    assert timeless["Timestamp"] == timeless["ReceivedAt"]
    assert timeless["LogAttributes"] == {"a": "b", "throughline.flags": "missing_timestamp"}


def test_values_become_text(running: RunningCollector) -> None:
    texts = {
        "10": AnyValue(double_value=10.0),
        "1e+21": AnyValue(double_value=1e21),
        "1e-7": AnyValue(double_value=1e-7),
        "NaN": AnyValue(double_value=float("nan")),
        "-Infinity": AnyValue(double_value=float("-inf")),
        "false": AnyValue(bool_value=False),
        "-9223372036854775808": AnyValue(int_value=-(2**63)),
        "": AnyValue(),
    }
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(start_time_unix_nano=START)
    for text, value in texts.items():
        span.attributes.add(key=text).value.CopyFrom(value)
    _send(running, "/v1/traces", request.SerializeToString())
    (row,) = running.rows("otel_traces", 1)
    assert row["SpanAttributes"] == {text: text for text in texts}


def test_the_duration_tells_the_end(running: RunningCollector) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for name, end in [("a nanosecond", START + 1), ("an end before the start", START - 5), ("no end", 0)]:
        spans.add(name=name, start_time_unix_nano=START, end_time_unix_nano=end)
    _send(running, "/v1/traces", request.SerializeToString())
    assert {row["SpanName"]: row["Duration"] for row in running.rows("otel_traces", 3)} == {
        "a nanosecond": 1,
        "an end before the start": 2**64 - 5,
        "no end": 0,
    }


def test_enumerations_are_words_and_unknown_numbers_are_no_words(running: RunningCollector) -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(7):
        scope.spans.add(start_time_unix_nano=START + number * 1000, kind=number).status.code = min(number, 3)  # type: ignore[arg-type, assignment]
    _send(running, "/v1/traces", request.SerializeToString())
    rows = running.rows("otel_traces", 7)
    kinds = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer", ""]
    assert [row["SpanKind"] for row in rows] == kinds
    assert [row["StatusCode"] for row in rows] == ["Unset", "Ok", "Error", "", "", "", ""]
