"""Lists and maps in OTLP values as JSON text, the way the OpenTelemetry Collector's ClickHouse exporter writes them.

ClickHouse reads plain values itself; a list or a map is rewritten once, when its request is accepted, because its
schema would have to be recursive. Bytes on their own stay bytes (the decoding SELECT writes them as base64).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.segment import Signal

_NESTED = frozenset({"array_value", "kvlist_value"})
# Go's json.Marshal, which the exporter uses, writes these five as escapes.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def flatten(signal: Signal, request: Any) -> None:
    """Replace every list and map in an export request by its JSON text, in place."""
    if signal is Signal.TRACES:
        for of_resource in request.resource_spans:
            _flatten_all(of_resource.resource.attributes)
            for of_scope in of_resource.scope_spans:
                _flatten_all(of_scope.scope.attributes)
                for span in of_scope.spans:
                    _flatten_all(span.attributes)
                    for part in (*span.events, *span.links):
                        _flatten_all(part.attributes)
    else:
        for of_resource in request.resource_logs:
            _flatten_all(of_resource.resource.attributes)
            for of_scope in of_resource.scope_logs:
                _flatten_all(of_scope.scope.attributes)
                for record in of_scope.log_records:
                    _flatten_all(record.attributes)
                    _flatten_value(record.body)


def json_text(value: Any) -> str:
    """Compact JSON as Go writes it: map keys sorted, `<`, `>`, `&` escaped, other Unicode as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).translate(_ESCAPES)


def _flatten_all(attributes: Iterable[KeyValue]) -> None:
    for attribute in attributes:
        _flatten_value(attribute.value)


def _flatten_value(value: AnyValue) -> None:
    if value.WhichOneof("value") in _NESTED:
        value.string_value = json_text(_plain(value))


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: _plain(each.value) for each in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    if kind == "double_value":
        return _number(value.double_value)
    return getattr(value, kind) if kind else None


def _number(value: float) -> float | int | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 1e21 else value
