"""Judges the bytes of an OTLP export request at the door: well-formed or not, how many items, any lists or maps in it.

Two schemas, both read by the protobuf library's C parser. The quick one is OTLP with one change: the two kinds of value
that hold other values (lists and maps) are declared as a message with a required field that nobody sends. Whether a
request holds any is then one call in C (`IsInitialized`, 1.4 µs a span; parsing is 0.8). Only such requests are read by
the real schema and rewritten (11 µs a span): see `collector/values.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from collector.segment import Signal
from collector.values import flatten
from model import BadRequest

REQUEST: dict[Signal, Any] = {
    Signal.TRACES: trace_service_pb2.ExportTraceServiceRequest,
    Signal.LOGS: logs_service_pb2.ExportLogsServiceRequest,
}
"""OTLP's own message classes, by signal."""

NESTING = 32
"""How deep lists and maps in a value may lie in one another, unless somebody says otherwise."""

_NESTING_FIELDS = ("array_value", "kvlist_value")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request fit for the spool: its bytes, without lists and maps in it, and how many spans or log records.

    `rejected` counts those that were left out of it, which the sender is told as a partial success.
    """

    signal: Signal
    body: bytes
    items: int
    rejected: int = 0


def accept(signal: Signal, body: bytes, nesting: int = NESTING) -> Accepted:
    """Check a serialized export request; raises `BadRequest` for bytes that are none.

    `nesting` is how deep lists and maps may lie in one another.
    """
    quick = _QUICK[signal]()
    try:
        quick.MergeFromString(body)
    except message.DecodeError:
        # A list or map may be what the quick schema trips over: the real one decides.
        return _rewritten(signal, body, nesting)
    if not quick.IsInitialized():
        return _rewritten(signal, body, nesting)
    return Accepted(signal, body, _items(signal, quick))


def accept_message(signal: Signal, request: Any, nesting: int = NESTING) -> Accepted:
    """The same for a request already read as OTLP's own message; its lists and maps are rewritten in place."""
    rejected = flatten(signal, request, nesting)
    return Accepted(signal, request.SerializeToString(), _items(signal, request), rejected)


def _rewritten(signal: Signal, body: bytes, nesting: int) -> Accepted:
    request = REQUEST[signal]()
    try:
        request.MergeFromString(body)
    except message.DecodeError as error:
        raise BadRequest(f"the body is not an OTLP {signal} export request: {error}") from error
    return accept_message(signal, request, nesting)


def _items(signal: Signal, request: Any) -> int:
    if signal is Signal.TRACES:
        return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


def _quick_schema() -> dict[Signal, Any]:
    pool = descriptor_pool.DescriptorPool()
    never = descriptor_pb2.FileDescriptorProto(name="throughline/never.proto", package="throughline", syntax="proto2")
    field = never.message_type.add(name="Never").field.add(name="never", number=536870911)
    field.label = descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED
    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_FIXED64
    pool.Add(never)
    for module in (common_pb2, resource_pb2, trace_pb2, logs_pb2, trace_service_pb2, logs_service_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        if module is common_pb2:
            file.dependency.append(never.name)
            value = next(each for each in file.message_type if each.name == "AnyValue")
            for each in value.field:
                if each.name in _NESTING_FIELDS:
                    each.type_name = ".throughline.Never"
        pool.Add(file)
    return {
        signal: message_factory.GetMessageClass(pool.FindMessageTypeByName(real.DESCRIPTOR.full_name))
        for signal, real in REQUEST.items()
    }


_QUICK = _quick_schema()
