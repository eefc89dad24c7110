"""OTLP's JSON into OTLP's messages: protobuf's JSON mapping, except that trace and span ids are hexadecimal.

Enumerations are numbers, 64-bit integers may be strings, unknown fields are ignored (OTLP 1.x, "JSON Protobuf
Encoding").
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

_IDS = (("traceId", 16), ("spanId", 8), ("parentSpanId", 8))


def read_json(signal: Signal, body: bytes) -> Any:
    """The export request in a JSON body; raises `BadRequest` saying where it is wrong."""
    request = REQUEST[signal]()
    try:
        value = json.loads(body, object_hook=_with_ids)
        if not isinstance(value, dict):
            raise BadRequest("the body must be a JSON object")
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


def _with_ids(value: dict[str, Any]) -> dict[str, Any]:
    for name, size in _IDS:
        text = value.get(name)
        if text:
            value[name] = _base64_of(name, text, size)
    return value


def _base64_of(name: str, text: Any, size: int) -> str:
    try:
        raw = binascii.unhexlify(text)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"{name} must be {2 * size} hexadecimal digits") from error
    if len(raw) != size:
        raise BadRequest(f"{name} must be {2 * size} hexadecimal digits")
    return base64.b64encode(raw).decode("ascii")
