"""OTLP requests to send, and hand-made ones no SDK would send."""

from __future__ import annotations

import random

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_ODD = [b"null", b"{}", b"[]", b'""', b"1e999", b"-1", b"true", b'"\\ud800"', b"9" * 30, b"NaN", b'{"\\ud800":1}']
START = 1_795_000_000_123_456_789


def spans(count: int, *, service: str = "shop", first: int = 0) -> ExportTraceServiceRequest:
    """A request of this many spans; their span ids count from `first`."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_spans.add()
    for number in range(first, first + count):
        span = scope.spans.add(name="POST /orders", kind=2, start_time_unix_nano=START, end_time_unix_nano=START + 5)
        span.trace_id = (number + 1).to_bytes(16, "big")
        span.span_id = (number + 1).to_bytes(8, "big")
        span.attributes.add(key="order.id").value.string_value = f"SO-{number}"
    return request


def logs(count: int) -> ExportLogsServiceRequest:
    """A request of this many log records."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number in range(count):
        scope.log_records.add(time_unix_nano=START + number, event_name="order.placed")
    return request


def poison() -> bytes:
    """One span whose name has the wire type of a number: an unknown field to protobuf, an error to ClickHouse."""
    return _field(1, _field(2, _field(2, b"\x28\x07")))


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The data with one to four bytes or stretches changed, taken out, put in or repeated."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place, kind = chance.randrange(len(out) + 1), chance.randrange(5)
        if kind == 0:
            out[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del out[place : place + chance.randint(1, 8)]
        elif kind == 2:
            out[place:place] = chance.randbytes(chance.randint(1, 4))
        elif kind == 3:
            out[place:place] = out[: chance.randint(1, 40)]
        else:
            out[place : place + chance.randint(0, 4)] = chance.choice(_ODD)
    return bytes(out)
