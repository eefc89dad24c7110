"""CloudEvents 1.0 over HTTP, in structured, binary and batched mode, as OTLP log records.

The event's identity goes into reserved attributes (`cloudevents.event_id`, `cloudevents.event_source`), which nothing
in an event can overwrite; nor does its data give attributes with names reserved for our own marks. Specifications:
CloudEvents 1.0.2, its JSON event format and its HTTP protocol binding.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.event_data import PathRoom, Scalar, attributes_of
from collector.intake import IntakeLimits, Refusal
from collector.values import RESERVED, json_text
from model import EPOCH, BadRequest, microseconds

_REQUIRED = ("id", "source", "specversion", "type")
_OWN = frozenset({*_REQUIRED, "datacontenttype", "time", "data", "data_base64"})
"""Members that do not become attributes of their own name; all others do, `subject` and `dataschema` among them."""

_STRUCTURED = "application/cloudevents"
_BATCH = "application/cloudevents-batch"
_NAME = re.compile(r"[a-z0-9]+", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Event:
    attributes: Mapping[str, Any]
    data: Any
    """Parsed JSON, or text, or bytes; None where there is none."""
    is_json: bool


def read_events(
    headers: Mapping[str, str], body: bytes, limits: IntakeLimits, received_at: datetime
) -> ExportLogsServiceRequest:
    """The events of one request as log records.

    `headers` have lower-case names. An event without a time has that of its receipt, and a mark that says so; several
    in one request are a microsecond apart, so that they stay in their order. Raises `BadRequest` saying what is wrong
    (in a batch: of which event, counted from 0), `Refusal` for a content type that cannot hold events and for events
    that become too large.
    """
    media_type = _media_type(headers.get("content-type", ""))
    nesting, room = limits.nesting, PathRoom(limits.decompressed_bytes)
    received_us = microseconds(received_at)
    request = ExportLogsServiceRequest()
    if media_type.startswith(_BATCH):
        _only_json(media_type, _BATCH)
        batch = _json(body)
        if not isinstance(batch, list):
            raise BadRequest("a batch must be a JSON array of events")
        for index, each in enumerate(batch):
            try:
                _add(request, _structured(each), nesting, room, received_us + index)
            except BadRequest as error:
                raise BadRequest(f"event [{index}]: {error}") from error
    elif media_type.startswith(_STRUCTURED):
        _only_json(media_type, _STRUCTURED)
        _add(request, _structured(_json(body)), nesting, room, received_us)
    else:
        _add(request, _binary(headers, media_type, body), nesting, room, received_us)
    return request


def handshake(headers: Mapping[str, str]) -> dict[str, str]:
    """What is answered to a sender that asks whether it may deliver here (CloudEvents 1.0, HTTP web hooks, section 4).

    Anybody may ask and is allowed, at any rate: each delivery is judged by its own token.
    """
    allowed = {"allow": "POST"}
    if "webhook-request-origin" in headers:
        allowed["webhook-allowed-origin"] = headers["webhook-request-origin"]
        allowed["webhook-allowed-rate"] = "*"
    return allowed


# Reading.


def _only_json(media_type: str, mode: str) -> None:
    if media_type not in (f"{mode}+json", mode):
        raise Refusal("media_type", f"events are read as {mode}+json, not {media_type[:80]}")


def _structured(value: Any) -> _Event:
    if not isinstance(value, dict):
        raise BadRequest("an event must be a JSON object")
    attributes = {key: each for key, each in value.items() if key not in ("data", "data_base64") and each is not None}
    _check(attributes)
    is_json = _is_json(attributes.get("datacontenttype") or "application/json")
    if value.get("data_base64") is None:
        return _Event(attributes, value.get("data"), is_json)
    if value.get("data") is not None:
        raise BadRequest("an event has `data` or `data_base64`, not both")
    try:
        raw = base64.b64decode(value["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise BadRequest("`data_base64` is not base64") from error
    if "datacontenttype" in attributes:
        return _Event(attributes, _json(raw) if is_json else raw, is_json)
    # JSON is what it is where nothing else is said, but some send anything that way.
    try:
        return _Event(attributes, _parsed(raw), True)
    except ValueError:
        return _Event(attributes, raw, False)


def _binary(headers: Mapping[str, str], media_type: str, body: bytes) -> _Event:
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): _decoded(text) for name, text in headers.items() if name.startswith("ce-")
    }
    if not attributes and media_type and not _is_json(media_type):
        raise Refusal("media_type", f"{media_type[:80]} holds no event: send {_STRUCTURED}+json, or ce- headers")
    if "content-type" in headers:
        attributes["datacontenttype"] = headers["content-type"]
    _check(attributes)
    if not body:
        return _Event(attributes, None, False)
    if _is_json(media_type):
        return _Event(attributes, _json(body), True)
    try:
        return _Event(attributes, body.decode("utf-8"), False)
    except UnicodeDecodeError:
        return _Event(attributes, body, False)


def _check(attributes: Mapping[str, Any]) -> None:
    missing = [name for name in _REQUIRED if name not in attributes or attributes[name] == ""]
    if missing:
        raise BadRequest(f"not a CloudEvent: without {', '.join(f'`{name}`' for name in missing)}")
    if attributes["specversion"] != "1.0":
        raise BadRequest(f"`specversion` must be 1.0, not {str(attributes['specversion'])[:20]}")
    for name in (*_REQUIRED, "datacontenttype", "time", "subject", "dataschema"):
        if not isinstance(attributes.get(name, ""), str):
            raise BadRequest(f"`{name}` must be a string")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise BadRequest(f"`{name[:40]}` is no name of an attribute: those are lower-case letters and digits")
        if isinstance(value, dict | list):
            raise BadRequest(f"`{name[:40]}` must be a string, a number, true or false")


def _decoded(text: str) -> str:
    # HTTP binding 3.1.3.2: one round of unquoting, then percent-decoding.
    text = _as_meant(text).strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest("a ce- header is not percent-encoded UTF-8") from error


def _as_meant(text: str) -> str:
    """The text of a header that was read as Latin-1: the SDK for Go sends UTF-8, that for JavaScript Latin-1.

    What is percent-encoded, as the binding asks, is the same in both.
    """
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _json(body: bytes) -> Any:
    try:
        return _parsed(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise BadRequest("the JSON is nested too deeply") from error


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


# Mapping.


def _add(request: ExportLogsServiceRequest, event: _Event, nesting: int, room: PathRoom, received_us: int) -> None:
    attributes = event.attributes
    resource = request.resource_logs.add()
    log = resource.scope_logs.add().log_records.add()
    try:
        resource.resource.attributes.add(key="service.name").value.string_value = service_of(attributes["source"])
        log.event_name = attributes["type"]
        if "time" in attributes:
            log.time_unix_nano = nanoseconds_of(attributes["time"])
        else:
            log.observed_time_unix_nano = received_us * 1000
            log.attributes.add(key=RESERVED).value.string_value = "missing_timestamp"
        _set_body(log.body, event)
        for name, value in _attributes(event, nesting, room).items():
            _set(log.attributes.add(key=name).value, value)
    except UnicodeEncodeError as error:
        raise BadRequest("a text holds half of a surrogate pair") from error
    except RecursionError as error:
        raise BadRequest("the data is nested too deeply") from error
    _set_trace(log, attributes.get("traceparent"))


def service_of(source: str) -> str:
    """The service name in a `source`: its last path segment, else its host, else a URN's last part."""
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise BadRequest(f"`source` is not a URI reference: {error}") from error
    segments = [each for each in parts.path.split("/") if each]
    if parts.scheme.lower() == "urn" and segments:
        return segments[-1].rpartition(":")[2]
    return segments[-1] if segments else parts.hostname or source


def nanoseconds_of(time: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 timestamp; raises `BadRequest`."""
    found = _TIME.fullmatch(time)
    try:
        if found is None:
            raise ValueError(time)
        date, minutes, seconds, fraction, sign, hours_off, minutes_off = found.groups()
        at = datetime.fromisoformat(f"{date}T{minutes}:00+00:00") + timedelta(seconds=int(seconds))
        if int(seconds) > 60:
            raise ValueError(time)
        if sign:
            offset = timedelta(hours=int(hours_off), minutes=int(minutes_off))
            at = at - offset if sign == "+" else at + offset
        whole = (at - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise BadRequest(f"`time` is not an RFC 3339 timestamp: {time[:40]}") from error
    nanoseconds = whole * 10**9 + int(((fraction or "") + "0" * 9)[:9])
    if not 0 < nanoseconds < 2**63:
        raise BadRequest(f"`time` is outside the years 1970 to 2262: {time[:40]}")
    return nanoseconds


def _attributes(event: _Event, nesting: int, room: PathRoom) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if event.is_json and isinstance(event.data, dict):
        data = attributes_of(event.data, nesting, room)
        found.update({path: value for path, value in data.items() if not path.startswith(RESERVED)})
    found.update({name: value for name, value in event.attributes.items() if name not in _OWN})
    found["cloudevents.event_id"] = event.attributes["id"]
    found["cloudevents.event_source"] = event.attributes["source"]
    found["cloudevents.event_type"] = event.attributes["type"]
    return found


def _set_body(body: AnyValue, event: _Event) -> None:
    if isinstance(event.data, dict | list):
        try:
            text = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except ValueError as error:
            raise BadRequest("the data holds a number that is too large") from error
        body.string_value = text
    elif event.data is not None:
        _set(body, event.data)


def _set(target: AnyValue, value: Scalar | bytes | list[Scalar] | dict[str, Any]) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        target.int_value = value
    elif isinstance(value, int):
        target.string_value = str(value)
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, str):
        target.string_value = value
    else:
        target.string_value = json_text(value)


def _set_trace(log: LogRecord, traceparent: Any) -> None:
    # W3C Trace Context 3.2: an invalid one is ignored, not an error of the event.
    found = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    if found and int(found[1], 16) and int(found[2], 16):
        log.trace_id, log.span_id = bytes.fromhex(found[1]), bytes.fromhex(found[2])
        log.flags = int(found[3], 16)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    media_type = _media_type(content_type)
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")
