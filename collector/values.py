"""Lists and maps in OTLP values as JSON text, the way the OpenTelemetry Collector's ClickHouse exporter writes them.

ClickHouse reads plain values itself; a list or a map is rewritten once, when its request is accepted, because its
schema would have to be recursive. Bytes on their own stay bytes (the decoding SELECT writes them as base64).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.segment import Signal

_NESTED = frozenset({"array_value", "kvlist_value"})
_STRING_OR_SMALL = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<digits>-?[\d.]+)e-0(?P<exponent>\d)')
# The exporter writes these two as escapes, and no longer `<`, `>` and `&`.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "\u2028\u2029"})


RESERVED = "throughline.flags"
"""The attribute in which we note an event's flags: no name of a sender's attribute may begin with it."""


class _TooDeep(Exception):
    pass


def flatten(signal: Signal, request: Any, nesting: int) -> int:
    """Replace every list and map in an export request by its JSON text, in place.

    Spans and log records with lists and maps in one another more than `nesting` deep are taken out, and all of a
    resource or scope whose own attributes have such; gives how many.
    """
    if signal is Signal.TRACES:
        return sum(_flatten_spans(each, nesting) for each in request.resource_spans)
    return sum(_flatten_logs(each, nesting) for each in request.resource_logs)


def without_reserved(signal: Signal, request: Any) -> int:
    """Take the attributes with reserved names out of all spans, span events and log records; gives how many."""
    if signal is Signal.TRACES:
        scopes = (each for of_resource in request.resource_spans for each in of_resource.scope_spans)
        owners = (owner for each in scopes for span in each.spans for owner in (span, *span.events))
    else:
        scopes = (each for of_resource in request.resource_logs for each in of_resource.scope_logs)
        owners = (record for each in scopes for record in each.log_records)
    return sum(
        _removed(owner.attributes, [n for n, each in enumerate(owner.attributes) if each.key.startswith(RESERVED)])
        for owner in owners
    )


def _flatten_spans(of_resource: Any, nesting: int) -> int:
    if not _flattened((of_resource.resource,), nesting):
        return _cleared(of_resource.scope_spans, "spans")
    rejected = 0
    for of_scope in of_resource.scope_spans:
        if not _flattened((of_scope.scope,), nesting):
            rejected += _cleared((of_scope,), "spans")
            continue
        deep = [
            n for n, span in enumerate(of_scope.spans) if not _flattened((span, *span.events, *span.links), nesting)
        ]
        rejected += _removed(of_scope.spans, deep)
    return rejected


def _flatten_logs(of_resource: Any, nesting: int) -> int:
    if not _flattened((of_resource.resource,), nesting):
        return _cleared(of_resource.scope_logs, "log_records")
    rejected = 0
    for of_scope in of_resource.scope_logs:
        if not _flattened((of_scope.scope,), nesting):
            rejected += _cleared((of_scope,), "log_records")
            continue
        deep = [n for n, record in enumerate(of_scope.log_records) if not _flattened((record,), nesting, record.body)]
        rejected += _removed(of_scope.log_records, deep)
    return rejected


def _flattened(parts: Iterable[Any], nesting: int, body: AnyValue | None = None) -> bool:
    try:
        for part in parts:
            for attribute in part.attributes:
                _flatten_value(attribute.value, nesting)
        if body is not None:
            _flatten_value(body, nesting)
    except _TooDeep:
        return False
    return True


def _cleared(scopes: Iterable[Any], items: str) -> int:
    removed = 0
    for of_scope in scopes:
        removed += len(getattr(of_scope, items))
        of_scope.ClearField(items)
    return removed


def _removed(items: Any, positions: list[int]) -> int:
    if positions:
        gone = set(positions)
        kept = [each for n, each in enumerate(items) if n not in gone]
        del items[:]  # all at once: one by one, each would move all that follow
        items.extend(kept)
    return len(positions)


def json_text(value: Any) -> str:
    """Compact JSON as the exporter writes it: keys sorted, Unicode and small numbers as Go has them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).translate(_ESCAPES)
    return _STRING_OR_SMALL.sub(_as_go, text) if "e-0" in text else text


def _as_go(found: re.Match[str]) -> str:
    """`5e-05` as `0.00005`, `1e-07` as `1e-7`; a string as it is."""
    if not found["digits"]:
        return found[0]
    number, exponent = found["digits"], int(found["exponent"])
    if exponent > 6:
        return f"{number}e-{exponent}"
    sign, digits = "-" * number.startswith("-"), number.lstrip("-").replace(".", "")
    return f"{sign}0.{'0' * (exponent - 1)}{digits}"


def _flatten_value(value: AnyValue, nesting: int) -> None:
    if value.WhichOneof("value") in _NESTED:
        value.string_value = json_text(_plain(value, nesting))


def _plain(value: AnyValue, nesting: int) -> Any:
    kind = value.WhichOneof("value")
    if kind in _NESTED and nesting <= 0:
        raise _TooDeep
    if kind == "array_value":
        return [_plain(each, nesting - 1) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: _plain(each.value, nesting - 1) for each in value.kvlist_value.values}
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
    if not value.is_integer() or abs(value) >= 1e21:
        return value
    # Large ones have the digits that tell them apart, then zeros: not all digits of the binary number.
    return int(value) if abs(value) <= 2**53 else int(Decimal(repr(value)))
