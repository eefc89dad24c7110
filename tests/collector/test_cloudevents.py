"""CloudEvents 1.0 over HTTP in its three modes, and the log records they become."""

from __future__ import annotations

import base64
import io
import json
import math
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from ruamel.yaml import YAML

from collector import IntakeLimits, Limits, SpoolLimits
from collector.cloudevents import nanoseconds_of, read_events, service_of
from collector.event_data import PathRoom, attributes_of
from model import BadRequest, ManualClock
from store import Store
from tests.collector.running import RunningCollector

_STRUCTURED = {"content-type": "application/cloudevents+json"}
_BATCH = {"content-type": "application/cloudevents-batch+json"}
_NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
_BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/crm",
    "ce-type": "crm.order.won",
    "content-type": "application/json",
}


def _event(**more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e-1", "source": "https://crm.example/orders", "type": "crm.order.won", **more}


@pytest.fixture(scope="module")
def spooling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector without a store: what concerns the protocol alone."""
    with RunningCollector(None, tmp_path_factory.mktemp("spooling")) as collector:
        yield collector


def _log(event: dict[str, Any]) -> LogRecord:
    request = read_events(_STRUCTURED, json.dumps(event).encode(), IntakeLimits(), _NOW)
    return request.resource_logs[0].scope_logs[0].log_records[0]


def _attributes(event: dict[str, Any]) -> dict[str, Any]:
    log = _log(event)
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in log.attributes}


def test_an_event_becomes_a_log_record(running: RunningCollector) -> None:
    event = _event(
        time="2026-11-21T10:00:00.123456789+02:00",
        subject="SO-1",
        dataschema="https://crm.example/schema",
        datacontenttype="application/json",
        correlationid="c-7",
        causationid="e-0",
        sequence=5,
        traceparent="00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01",
        data={
            "order": {"id": 7, "total": 99.5, "rush": True, "note": None},
            "lines": [{"order": 1, "bins": ["a", "b"]}, {"order": 2, "bins": ["c"]}],
            "tags": ["x", "y"],
            "correlationid": "not this",
        },
    )
    answer = httpx.post(f"{running.http}/v1/events", json=event, headers=_STRUCTURED)
    assert (answer.status_code, answer.content) == (202, b"")
    (row,) = running.rows("otel_logs", 1)
    assert row["Timestamp"] == datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
    assert (row["EventName"], row["ServiceName"]) == ("crm.order.won", "orders")
    assert (row["TraceId"], row["SpanId"]) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    assert row["TraceFlags"] == 1
    assert json.loads(row["Body"]) == event["data"]
    assert row["LogAttributes"] == {
        "order.id": "7",
        "order.total": "99.5",
        "order.rush": "true",
        "lines[].order": "[1,2]",
        "lines[].bins[]": '["a","b","c"]',
        "tags[]": '["x","y"]',
        "tags": '["x","y"]',
        "correlationid": "c-7",
        "causationid": "e-0",
        "sequence": "5",
        "subject": "SO-1",
        "dataschema": "https://crm.example/schema",
        "traceparent": event["traceparent"],
        "cloudevents.event_id": "e-1",
        "cloudevents.event_source": "https://crm.example/orders",
        "cloudevents.event_type": "crm.order.won",
    }


def test_the_three_modes_give_the_same_record(running: RunningCollector) -> None:
    url, data = f"{running.http}/v1/events", {"order": "Größe 1"}
    event = _event(subject="für SO-1", time="2026-11-21T10:00:00Z", datacontenttype="application/json")
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": event["source"],
        "ce-type": event["type"],
        "ce-time": event["time"],
        "ce-subject": "f%C3%BCr%20SO-1",
        "content-type": "application/json",
    }
    assert httpx.post(url, json={**event, "data": data}, headers=_STRUCTURED).status_code == 202
    assert httpx.post(url, json=[{**event, "data": data}], headers=_BATCH).status_code == 202
    assert httpx.post(url, content=json.dumps(data).encode(), headers=headers).status_code == 202
    rows = running.rows("otel_logs", 3)
    for row in rows:
        del row["ReceivedAt"], row["SegmentId"]
    assert rows[0] == rows[1] == rows[2]
    assert rows[0]["LogAttributes"]["subject"] == "für SO-1"
    assert rows[0]["LogAttributes"]["order"] == "Größe 1"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"Gr%C3%B6%C3%9Fe", id="percent-encoded, as the binding asks"),
        pytest.param("Größe".encode(), id="UTF-8, as the SDK for Go sends it"),
        pytest.param("Größe".encode("latin-1"), id="Latin-1, as the SDK for JavaScript sends it"),
    ],
)
def test_a_header_means_the_same_however_it_is_encoded(sent: bytes) -> None:
    headers = {**_BINARY, "ce-subject": sent.decode("latin-1"), "ce-source": "/" + sent.decode("latin-1")}
    (resource,) = read_events(headers, b"{}", IntakeLimits(), datetime(2026, 11, 1, tzinfo=UTC)).resource_logs
    attributes = {each.key: each.value.string_value for each in resource.scope_logs[0].log_records[0].attributes}
    assert (attributes["subject"], resource.resource.attributes[0].value.string_value) == ("Größe", "Größe")


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        pytest.param(_STRUCTURED, {"specversion": "1.0", "id": "1"}, 400, "`source`, `type`", id="attributes missing"),
        pytest.param(_STRUCTURED, _event(specversion="0.3"), 400, "specversion", id="an old specversion"),
        pytest.param(_STRUCTURED, _event(specversion=1.0), 400, "specversion", id="a specversion that is a number"),
        pytest.param(_STRUCTURED, _event(id=""), 400, "`id`", id="an empty id"),
        pytest.param(_STRUCTURED, _event(id=5), 400, "`id`", id="an id that is a number"),
        pytest.param(_STRUCTURED, _event(time="yesterday"), 400, "time", id="a time that is none"),
        pytest.param(_STRUCTURED, _event(time="2026-11-21T10:00:00"), 400, "time", id="a time without a zone"),
        pytest.param(_STRUCTURED, _event(time="\ud800"), 400, "time", id="a time that is no Unicode"),
        pytest.param(_STRUCTURED, _event(source="\ud800"), 400, "surrogate", id="a source that is no Unicode"),
        pytest.param(_STRUCTURED, _event(data=1, data_base64="AA=="), 400, "not both", id="data twice"),
        pytest.param(_STRUCTURED, _event(data_base64="*"), 400, "base64", id="base64 that is none"),
        pytest.param(_STRUCTURED, [_event()], 400, "object", id="a batch sent as one event"),
        pytest.param(_BATCH, _event(), 400, "array", id="one event sent as a batch"),
        pytest.param(_BATCH, [_event(), _event(type="")], 400, "event [1]", id="a bad event in a batch"),
        pytest.param(
            _STRUCTURED, _event(orderId="1"), 400, "`orderId` is no name", id="a name with an upper-case letter"
        ),
        pytest.param(_STRUCTURED, _event(order_id="1"), 400, "`order_id` is no name", id="a name with an underscore"),
        pytest.param(_STRUCTURED, _event(**{"order-id": "1"}), 400, "`order-id` is no name", id="a name with a hyphen"),
        pytest.param(_STRUCTURED, _event(größe="1"), 400, "`größe` is no name", id="a name beyond ASCII"),
        pytest.param(_STRUCTURED, _event(**{"": "1"}), 400, "`` is no name", id="an empty name"),
        pytest.param(_STRUCTURED, _event(order={"id": 1}), 400, "`order` must be", id="an extension that is an object"),
        pytest.param(_STRUCTURED, _event(orders=[1]), 400, "`orders` must be", id="an extension that is a list"),
        pytest.param(_STRUCTURED, _event(data=math.nan), 400, "NaN is no JSON", id="NaN"),
        pytest.param(_STRUCTURED, _event(data={"a": [-math.inf]}), 400, "-Infinity is no JSON", id="Infinity"),
        pytest.param({**_BINARY, "ce-order-id": "1"}, {}, 400, "`order-id` is no name", id="a header with a hyphen"),
        pytest.param(_BINARY, math.nan, 400, "NaN is no JSON", id="NaN behind headers"),
        pytest.param({"content-type": "application/cloudevents+xml"}, {}, 415, "json", id="another format"),
        pytest.param({"content-type": "text/plain"}, {}, 415, "holds no event", id="something else"),
        pytest.param({"content-type": "application/json"}, {}, 400, "without `id`", id="JSON that is no event"),
        pytest.param({"ce-id": "1", "ce-specversion": "1.0"}, {}, 400, "`source`, `type`", id="headers missing"),
    ],
)
def test_what_is_no_event_is_refused_saying_why(
    spooling: RunningCollector, headers: dict[str, str], body: Any, status: int, said: str
) -> None:
    before = spooling.collector.counters.value("accepted_items")
    answer = httpx.post(f"{spooling.http}/v1/events", content=json.dumps(body).encode(), headers=headers)
    assert answer.status_code == status
    assert said in answer.json()["message"]
    assert spooling.collector.counters.value("accepted_items") == before


def test_a_number_too_large_for_any_is_refused(spooling: RunningCollector) -> None:
    body = json.dumps(_event(data={"total": 1})).replace('"total": 1', '"total": 1e999').encode()
    answer = httpx.post(f"{spooling.http}/v1/events", content=body, headers=_STRUCTURED)
    assert (answer.status_code, answer.json()["message"]) == (400, "the data holds a number that is too large")


def test_an_attribute_that_is_null_is_none() -> None:
    event = _event(subject=None, correlationid=None, time="2026-11-21T10:00:00Z")
    assert _attributes(event).keys() == {
        "cloudevents.event_id",
        "cloudevents.event_source",
        "cloudevents.event_type",
    }


def test_an_empty_batch_is_accepted(spooling: RunningCollector) -> None:
    assert httpx.post(f"{spooling.http}/v1/events", json=[], headers=_BATCH).status_code == 202


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ("https://crm.example/sales/orders", "orders"),
        ("https://crm.example/sales/orders/", "orders"),
        ("https://crm.example/", "crm.example"),
        ("//crm.example:8080", "crm.example"),
        ("urn:example:order-service", "order-service"),
        ("/cloudevents/spec/pull/123", "123"),
        ("mailto:cncf@example.org", "cncf@example.org"),
        ("crm", "crm"),
    ],
)
def test_the_service_is_read_from_the_source(source: str, service: str) -> None:
    assert service_of(source) == service


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("2018-04-05t03:56:24z", 1522900584 * 10**9),
        ("2018-04-05T03:56:24.1234567891Z", 1522900584123456789),
        ("2018-04-05T03:56:24.5-01:30", 1522905984500000000),
        ("2016-12-31T23:59:60Z", 1483228800 * 10**9),
    ],
)
def test_times_are_rfc_3339(time: str, nanoseconds: int) -> None:
    assert nanoseconds_of(time) == nanoseconds


@pytest.mark.parametrize(
    "time",
    [
        "2018-13-05T03:56:24Z",
        "2018-04-05",
        "9999-01-01T00:00:00Z",
        "",
        "2018-04-05T25:00:00Z",
        "2018-04-05T03:56:24+24:00",
        "2018-04-05T03:56:24-01:60",
    ],
)
def test_other_times_are_refused(time: str) -> None:
    with pytest.raises(BadRequest):
        nanoseconds_of(time)


def test_an_invalid_traceparent_is_an_attribute_and_no_trace() -> None:
    event = _event(traceparent="00-" + "0" * 32 + "-eee19b7ec3c1b174-01")
    log = _log(event)
    assert log.trace_id == b""
    assert _attributes(event)["traceparent"] == event["traceparent"]


def test_nothing_in_an_event_takes_the_place_of_its_identity() -> None:
    event = _event(data={"cloudevents": {"event_id": "forged"}, "subject": "data's"}, subject="the event's")
    assert _attributes(event)["cloudevents.event_id"] == "e-1"
    assert _attributes(event)["subject"] == "the event's"


@pytest.mark.parametrize(
    "data", [{"throughline": {"flags": "forged"}}, {"throughline.flags": "forged"}, {"throughline": {"flags": ["f"]}}]
)
def test_nothing_in_an_event_passes_for_a_mark_of_ours(running: RunningCollector, data: dict[str, Any]) -> None:
    for event in (_event(data=data), _event(id="e-2", time="2026-11-21T10:00:00Z", data=data)):
        assert _posted(running, event).status_code == 202
    timeless, timed = sorted(running.rows("otel_logs", 2), key=lambda row: row["LogAttributes"]["cloudevents.event_id"])
    assert timeless["LogAttributes"].pop("throughline.flags") == "missing_timestamp"
    for row in (timeless, timed):
        assert {each.rpartition("_")[0] for each in row["LogAttributes"]} == {"cloudevents.event"}
        assert json.loads(row["Body"]) == data


def test_an_event_without_a_time_has_that_of_its_receipt(store: Store, tmp_path: Path) -> None:
    """Not that of the segment it shares with others: each its own, and those of a batch in their order."""
    clock, timed = ManualClock(_NOW), _event(time="2026-11-20T10:00:00Z")
    # The segment stays open until all have come: its own time is that of the first.
    limits = Limits(spool=SpoolLimits(segment_seconds=3600))
    with RunningCollector(store, tmp_path, clock=clock, limits=limits) as running:
        assert _posted(running, _event(id="0", data={"n": 0})).status_code == 202
        clock.advance(timedelta(seconds=1))
        assert _posted(running, _event(id="1", data={"n": 1})).status_code == 202
        clock.advance(timedelta(seconds=1))
        batch = [_event(id=str(n), data={"n": n}) for n in (4, 2, 3)]
        assert _posted(running, [timed, *batch], _BATCH).status_code == 202
    rows = store.rows("SELECT * FROM otel_logs ORDER BY Timestamp")
    assert [(row["LogAttributes"].get("n"), row["Timestamp"]) for row in rows] == [
        (None, datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("0", _NOW),
        ("1", _NOW + timedelta(seconds=1)),
        *((n, _NOW + timedelta(seconds=2, microseconds=at)) for at, n in enumerate("423", 1)),
    ]
    assert [row["LogAttributes"].get("throughline.flags") for row in rows] == [None, *["missing_timestamp"] * 5]


@pytest.mark.parametrize(
    ("more", "body"),
    [
        pytest.param({"data": "plain", "datacontenttype": "text/plain"}, "plain", id="text"),
        pytest.param({"data": [1, 2]}, "[1,2]", id="a JSON array"),
        pytest.param({"data": 5}, 5, id="a JSON number"),
        pytest.param({"data_base64": base64.b64encode(b"\x00\x01").decode()}, b"\x00\x01", id="bytes"),
        pytest.param(
            {"data_base64": base64.b64encode(b'{"a": 1}').decode(), "datacontenttype": "application/json"},
            '{"a":1}',
            id="JSON in base64",
        ),
        pytest.param({"data_base64": base64.b64encode(b'{"a": 1}').decode()}, '{"a":1}', id="base64 that must be JSON"),
        pytest.param({"data_base64": base64.b64encode(b"{").decode()}, b"{", id="base64 that should be JSON"),
        pytest.param(
            {"data_base64": base64.b64encode(b'{"a": 1}').decode(), "datacontenttype": "text/plain"},
            b'{"a": 1}',
            id="text in base64",
        ),
    ],
)
def test_data_is_the_body(more: dict[str, Any], body: Any) -> None:
    log = _log(_event(**more))
    assert getattr(log.body, str(log.body.WhichOneof("value"))) == body


def test_json_in_base64_gives_attributes_where_nothing_says_what_it_is() -> None:
    data = base64.b64encode(b'{"order": {"id": "SO-7"}}').decode()
    assert _attributes(_event(data_base64=data))["order.id"] == "SO-7"


def _posted(running: RunningCollector, event: Any, headers: dict[str, str] = _STRUCTURED) -> httpx.Response:
    return httpx.post(f"{running.http}/v1/events", content=json.dumps(event).encode(), headers=headers, timeout=30)


def test_long_names_around_many_values_do_not_make_a_small_event_a_large_one(spooling: RunningCollector) -> None:
    name, members = "k" * 50_000, {f"m{n}": n for n in range(8000)}
    for data in ({name: members}, {name: [{each: 1} for each in members]}, {name: {each: {} for each in members}}):
        answer = _posted(spooling, _event(data=data))
        assert answer.status_code == 413
        assert "retry-after" not in answer.headers
        assert "longer than 16777216 characters: `kkk" in answer.json()["message"]
    # So do many events of one request that would be small enough alone.
    batch = [_event(id=f"e-{n}", data={name: {f"m{m}": 1 for m in range(100)}}) for n in range(5)]
    assert _posted(spooling, batch[0]).status_code == 202
    assert _posted(spooling, batch, _BATCH).status_code == 413


def test_a_long_name_around_a_long_list_is_one_path(spooling: RunningCollector) -> None:
    data = {"k" * 50_000: [{"a": n, "b": [n]} for n in range(8000)]}
    room = PathRoom(300_000)
    found = attributes_of(data, 5, room)
    assert {path.lstrip("k"): values for path, values in found.items()} == {
        "[].a": list(range(8000)),
        "[].b[]": list(range(8000)),
    }
    assert _posted(spooling, _event(data=data)).status_code == 202


@pytest.mark.shared_data
def test_the_conformance_examples_are_accepted_or_refused(spooling: RunningCollector, shared_data: Path) -> None:
    archive = (shared_data / "cloudevents" / "cloudevents-conformance-and-google-testdata.tar.gz").read_bytes()
    seen = {202: 0, 400: 0}
    with tarfile.open(fileobj=io.BytesIO(archive)) as files, httpx.Client() as client:
        for member in files.getmembers():
            if "/yaml/" not in member.name or not member.isfile():
                continue
            content = files.extractfile(member)
            assert content is not None
            for document in YAML(typ="safe").load_all(content.read()):
                attributes = {
                    key: str(value) for key, value in document["ContextAttributes"].items() if key != "Extensions"
                }
                attributes |= {
                    key.lower(): value for key, value in document["ContextAttributes"].get("Extensions", {}).items()
                }
                attributes.pop("schemaurl", None)
                if "time" in attributes:
                    attributes["time"] = "2018-04-05T03:56:24Z"
                status = 202 if attributes["specversion"] == "1.0" else 400
                content_type = attributes.pop("datacontenttype", "application/json")
                structured = {**attributes, "datacontenttype": content_type, "data": document["Data"]}
                answer = client.post(f"{spooling.http}/v1/events", json=structured, headers=_STRUCTURED)
                assert answer.status_code == status
                headers = {f"ce-{key}": str(value).strip() for key, value in attributes.items()}
                headers["content-type"] = content_type
                answer = client.post(f"{spooling.http}/v1/events", content=document["Data"].encode(), headers=headers)
                assert answer.status_code == status
                seen[status] += 1
    assert seen == {202: 8, 400: 7}
