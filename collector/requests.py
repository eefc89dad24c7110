"""Judges the bytes of an OTLP export request at the door: well-formed or not, how many items, any lists or maps in it.

Lists and maps are what ClickHouse cannot read itself. Only requests that hold one, or the name of an attribute that is
reserved for our own marks, are rewritten (11 µs a span): see `collector/values.py`. All others are taken as the bytes
they are, after a pass of the protobuf library's C parser that keeps next to nothing: see `collector/outline.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from collector.aside import Aside
from collector.outline import Outline
from collector.segment import Signal
from collector.values import RESERVED, flatten, without_reserved
from model import BadRequest

REQUEST: dict[Signal, Any] = {
    Signal.TRACES: trace_service_pb2.ExportTraceServiceRequest,
    Signal.LOGS: logs_service_pb2.ExportLogsServiceRequest,
}
"""OTLP's own message classes, by signal."""

NESTING = 32
"""How deep lists and maps in a value may lie in one another, unless somebody says otherwise."""

_RESERVED_BYTES = RESERVED.encode()

_OUTLINE = {
    Signal.TRACES: Outline(REQUEST[Signal.TRACES], ("resource_spans", "scope_spans", "spans")),
    Signal.LOGS: Outline(REQUEST[Signal.LOGS], ("resource_logs", "scope_logs", "log_records")),
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request fit for the spool: its bytes, without lists and maps in it, and how many spans or log records.

    `rejected` counts those that were left out of it, which the sender is told as a partial success; `reserved` counts
    attributes that were left out because their names are ours.
    """

    signal: Signal
    body: bytes
    items: int
    rejected: int = 0
    reserved: int = 0


def accept(signal: Signal, body: bytes, nesting: int = NESTING) -> Accepted:
    """Check a serialized export request; raises `BadRequest` for bytes that are none.

    `nesting` is how deep lists and maps may lie in one another.
    """
    return _as_it_is(signal, body) or _rewritten(signal, body, nesting)


async def accept_aside(signal: Signal, body: bytes, nesting: int, aside: Aside) -> Accepted:
    """The same, in the event loop: a large request that must be rewritten keeps no other one waiting."""
    taken = _as_it_is(signal, body)
    if taken is not None:
        return taken
    return await aside.run(len(body), lambda: _rewritten(signal, body, nesting))


def _as_it_is(signal: Signal, body: bytes) -> Accepted | None:
    """The request, if nothing in it has to be rewritten."""
    outline = _OUTLINE[signal]
    try:
        # A reserved name is looked for from the end: that way most bytes are skipped.
        if outline.has_nested_value(body) or body.rfind(_RESERVED_BYTES) >= 0:
            return None
        return Accepted(signal, body, outline.items(body))
    except message.DecodeError as error:
        raise BadRequest(f"the body is not an OTLP {signal} export request: {error}") from error


def _rewritten(signal: Signal, body: bytes, nesting: int) -> Accepted:
    request = REQUEST[signal]()
    try:
        request.MergeFromString(body)
    except message.DecodeError as error:
        raise BadRequest(f"the body is not an OTLP {signal} export request: {error}") from error
    return accept_message(signal, request, nesting)


def accept_message(signal: Signal, request: Any, nesting: int = NESTING) -> Accepted:
    """The same for a request already read as OTLP's own message; it is rewritten in place."""
    rejected = flatten(signal, request, nesting)
    body, reserved = request.SerializeToString(), 0
    if _RESERVED_BYTES in body and (reserved := without_reserved(signal, request)):
        body = request.SerializeToString()
    return Accepted(signal, body, _items(signal, request), rejected, reserved)


def accept_own(signal: Signal, request: Any) -> Accepted:
    """A request that the collector itself has made: no lists and maps, and our own names stay."""
    return Accepted(signal, request.SerializeToString(), _items(signal, request))


def _items(signal: Signal, request: Any) -> int:
    if signal is Signal.TRACES:
        return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)
