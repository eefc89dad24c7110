"""OTLP's JSON into OTLP's messages: protobuf's JSON mapping, except that trace and span ids are hexadecimal.

Enumerations are numbers, 64-bit integers may be strings, unknown fields are ignored (OTLP 1.x, "JSON Protobuf
Encoding"). Ids are looked for only where OTLP has them. Names are lowerCamelCase; the original ones (`trace_id`), which
protobuf's JSON mapping knows besides, mean the same, as they do to the OpenTelemetry Collector; so do names of
enumerations (`SPAN_KIND_SERVER`). What protobuf's library would pass over in silence is refused: bytes that are not
base64, names no enumeration has.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector.requests import REQUEST
from collector.segment import Signal
from model import BadRequest

_IDS = (
    ("traceId", 16),
    ("spanId", 8),
    ("parentSpanId", 8),
    ("trace_id", 16),
    ("span_id", 8),
    ("parent_span_id", 8),
)
_LINK_IDS = tuple(each for each in _IDS if "arent" not in each[0])
_PATHS = {
    Signal.TRACES: (("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("spans",)),
    Signal.LOGS: (("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records")),
}
"""The names that lead to what has ids."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_BASE64 = re.compile(r"([\w+/-]*)(={0,2})", re.ASCII)


def read_json(signal: Signal, body: bytes) -> Any:
    """The export request in a JSON body; raises `BadRequest` saying where it is wrong."""
    request = REQUEST[signal]()
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            raise BadRequest("the body must be a JSON object")
        _prepare(signal, value)
        json_format.ParseDict(value, request, ignore_unknown_fields=True)
    except BadRequest:
        raise
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply") from error
    except (json_format.ParseError, ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:
        raise BadRequest(f"the body is not an OTLP {signal} export request in JSON: {error}") from error
    except SystemError as error:
        # What the C parser raises for a name with half of a surrogate pair in it.
        raise BadRequest(f"the body is not an OTLP {signal} export request in JSON: not Unicode") from error
    return request


def _prepare(signal: Signal, request: dict[str, Any]) -> None:
    """Write all ids in base64, as protobuf wants them, and check what it would not.

    What has another shape than OTLP's is left for it to refuse.
    """
    found, owners = [request], []
    for names in _PATHS[signal]:
        found = _below(found, names)
        owners += _below(found, ("resource", "scope"))
    if signal is Signal.TRACES:
        _convert(found, _IDS)
        _convert(_below(found, ("links",)), _LINK_IDS)
        _check_enumeration(found, ("kind",), Span.SpanKind.keys())
        _check_enumeration(_below(found, ("status",)), ("code",), Status.StatusCode.keys())
        owners += _below(found, ("events", "links"))
    else:
        _convert(found, _LINK_IDS)
        _check_enumeration(found, ("severityNumber", "severity_number"), SeverityNumber.keys())
        _check_bytes("the body", _below(found, ("body",)))
    for attribute in _below([*found, *owners], ("attributes",)):
        _check_bytes(f"the attribute {str(attribute.get('key'))[:40]!r}", _below([attribute], ("value",)))


def _below(owners: Iterable[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    found = (owner.get(name) for owner in owners for name in names)
    lists = (each if isinstance(each, list) else [each] for each in found)
    return [each for listed in lists for each in listed if isinstance(each, dict)]


def _check_enumeration(owners: list[dict[str, Any]], names: tuple[str, ...], known: Collection[str]) -> None:
    for owner in owners:
        for name in names:
            text = owner.get(name)
            if isinstance(text, str) and text not in known and not _INTEGER.fullmatch(text):
                raise BadRequest(f"{name} must be a number, not {text[:40]!r}")


def _check_bytes(place: str, values: list[dict[str, Any]]) -> None:
    """Raise `BadRequest` where a value, or one in its lists and maps, has bytes that are not base64."""
    while values:
        for value in values:
            for name in ("bytesValue", "bytes_value"):
                text = value.get(name)
                if isinstance(text, str) and not _is_base64(text):
                    raise BadRequest(f"{name} of {place} is not base64")
        lists = _below(values, ("arrayValue", "array_value", "kvlistValue", "kvlist_value"))
        below = _below(lists, ("values",))
        values = [*below, *_below(below, ("value",))]


def _is_base64(text: str) -> bool:
    """Whether it is base64 of either alphabet, padded or not."""
    found = _BASE64.fullmatch(text)
    return found is not None and len(found[1]) % 4 != 1 and (not found[2] or len(text) % 4 == 0)


def _convert(owners: list[dict[str, Any]], ids: tuple[tuple[str, int], ...]) -> None:
    for owner in owners:
        for name, size in ids:
            text = owner.get(name)
            if text:
                owner[name] = _base64_of(name, text, size)


def _base64_of(name: str, text: Any, size: int) -> str:
    try:
        raw = binascii.unhexlify(text)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"{name} must be {2 * size} hexadecimal digits") from error
    if len(raw) != size:
        raise BadRequest(f"{name} must be {2 * size} hexadecimal digits")
    return base64.b64encode(raw).decode("ascii")
