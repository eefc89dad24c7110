"""OTLP's JSON into OTLP's messages: protobuf's JSON mapping, except that trace and span ids are hexadecimal.

Enumerations are numbers, 64-bit integers may be strings, unknown fields are ignored (OTLP 1.x, "JSON Protobuf
Encoding"). Ids are looked for only where OTLP has them. Names are lowerCamelCase; the original ones (`trace_id`), which
protobuf's JSON mapping knows besides, mean the same, as they do to the OpenTelemetry Collector.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from google.protobuf import json_format

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


def read_json(signal: Signal, body: bytes) -> Any:
    """The export request in a JSON body; raises `BadRequest` saying where it is wrong."""
    request = REQUEST[signal]()
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            raise BadRequest("the body must be a JSON object")
        _convert_ids(signal, value)
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


def _convert_ids(signal: Signal, request: dict[str, Any]) -> None:
    """Write all ids in base64, as protobuf wants them. What has another shape than OTLP's is left for it to refuse."""
    found = [request]
    for names in _PATHS[signal]:
        found = _below(found, names)
    if signal is Signal.TRACES:
        _convert(found, _IDS)
        _convert(_below(found, ("links",)), _LINK_IDS)
    else:
        _convert(found, _LINK_IDS)


def _below(owners: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    lists = (owner.get(name) for owner in owners for name in names)
    return [each for listed in lists if isinstance(listed, list) for each in listed if isinstance(each, dict)]


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
