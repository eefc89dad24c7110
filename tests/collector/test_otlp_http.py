"""OTLP/HTTP to the letter: encodings, the right status for every mistake, a google.rpc.Status with each."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from google.protobuf import json_format
from google.rpc import status_pb2

from collector import IntakeLimits, Limits, Signal, SpoolLimits
from collector.otlp_json import read_json
from model.access import Access, Principal
from store import Store
from tests.collector.payloads import logs, spans
from tests.collector.running import RunningCollector

_PROTOBUF = {"content-type": "application/x-protobuf"}
_JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def spooling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector without a store: what concerns the protocol alone."""
    with RunningCollector(None, tmp_path_factory.mktemp("spooling")) as collector:
        yield collector


@pytest.mark.shared_data
def test_the_specifications_json_examples_are_stored(running: RunningCollector, shared_data: Path) -> None:
    for name, path in [("trace", "traces"), ("logs", "logs"), ("events", "logs")]:
        body = (shared_data / "otlp" / f"otlp-proto-example-{name}.json").read_bytes()
        answer = httpx.post(f"{running.http}/v1/{path}", content=body, headers=_JSON)
        assert (answer.status_code, answer.json()) == (200, {})
    (span,) = running.rows("otel_traces", 1)
    assert span["TraceId"] == "5b8efff798038103d269b633813fc60c"
    assert (span["SpanId"], span["ParentSpanId"]) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (span["SpanKind"], span["Duration"]) == ("Server", 10**9)
    log, event = sorted(running.rows("otel_logs", 2), key=lambda row: row["EventName"])
    assert log["LogAttributes"] == {
        "string.attribute": "some string",
        "boolean.attribute": "true",
        "int.attribute": "10",
        "double.attribute": "637.704",
        "array.attribute": '["many","values"]',
        "map.attribute": '{"some.map.key":"some value"}',
    }
    assert event["EventName"] == "browser.page_view"
    assert json.loads(event["Body"])["title"] == "Free Online GUID Generator"
    metrics = (shared_data / "otlp" / "otlp-proto-example-metrics.json").read_bytes()
    answer = httpx.post(f"{running.http}/v1/metrics", content=metrics, headers=_JSON)
    assert answer.status_code == 404
    assert answer.json()["code"] == 12


@pytest.mark.shared_data
def test_a_captured_stream_of_requests_is_stored_whole(running: RunningCollector, shared_data: Path) -> None:
    lines = gzip.decompress((shared_data / "otlp" / "otel_demo_client_server_traces.otlp.jsonl.gz").read_bytes())
    with httpx.Client() as client:
        for line in lines.splitlines():
            assert client.post(f"{running.http}/v1/traces", content=line, headers=_JSON).status_code == 200
    rows = running.rows("otel_traces", 673)
    assert len({row["TraceId"] for row in rows}) == 233
    assert sum(row["ServiceName"] == "demo-server" for row in rows) == 209
    assert sum(row["SpanName"] == "/hello" and row["Duration"] > 500_000_000 for row in rows) == 70


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("X-GZip, identity", gzip.compress, id="its old name, and what says nothing"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("deflate", lambda data: zlib.compress(data)[2:-4], id="deflate without the zlib header"),
        pytest.param("zstd", zstandard.ZstdCompressor().compress, id="zstd"),
        pytest.param("identity", bytes, id="as it is"),
    ],
)
def test_compressed_requests_are_read(spooling: RunningCollector, encoding: str, packed: Any) -> None:
    before = spooling.collector.counters.value("accepted_items")
    body = packed(spans(300).SerializeToString())
    answer = httpx.post(f"{spooling.http}/v1/traces", content=body, headers={**_PROTOBUF, "content-encoding": encoding})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert spooling.collector.counters.value("accepted_items") - before == 300


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        pytest.param("POST", "/v1/traces", _PROTOBUF, b"\xff\xff\xff", 400, id="bytes that are no protobuf"),
        pytest.param("POST", "/v1/logs", _PROTOBUF, logs(3).SerializeToString()[:-2], 400, id="a torn request"),
        pytest.param("POST", "/v1/traces", _JSON, b'{"resourceSpans": [', 400, id="torn JSON"),
        pytest.param("POST", "/v1/traces", _JSON, b'{"resourceSpans": 5}', 400, id="JSON of another shape"),
        pytest.param("POST", "/v1/traces", _JSON, b"[]", 400, id="a JSON array"),
        pytest.param("POST", "/v1/traces", _JSON, b'{"\\ud800": 1}', 400, id="a name that is no Unicode"),
        pytest.param("POST", "/v1/traces", _JSON, b"\xff", 400, id="JSON that is not UTF-8"),
        pytest.param("POST", "/v1/traces", _JSON, b"[" * 100_000, 400, id="JSON nested without end"),
        pytest.param(
            "POST",
            "/v1/traces",
            _JSON,
            b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA=="}]}]}]}',
            400,
            id="a trace id in base64",
        ),
        pytest.param("POST", "/v1/traces", {"content-type": "text/plain"}, b"", 415, id="another content type"),
        pytest.param("POST", "/v1/traces", {}, b"", 415, id="no content type"),
        pytest.param(
            "POST", "/v1/traces", {**_PROTOBUF, "content-encoding": "br"}, b"", 415, id="another content encoding"
        ),
        pytest.param(
            "POST", "/v1/traces", {**_PROTOBUF, "content-encoding": "gzip"}, b"no", 400, id="gzip that is none"
        ),
        pytest.param(
            "POST",
            "/v1/traces",
            {**_PROTOBUF, "content-encoding": "gzip"},
            gzip.compress(b"x" * 1000)[:-9],
            400,
            id="torn gzip",
        ),
        pytest.param("POST", "/v1/traces", {**_PROTOBUF, "content-encoding": "zstd"}, b"no", 400, id="no zstd"),
        pytest.param("GET", "/v1/traces", _PROTOBUF, b"", 405, id="GET"),
        pytest.param("POST", "/v1/metrics", _PROTOBUF, b"", 404, id="metrics"),
        pytest.param("POST", "/v2/traces", _JSON, b"{}", 404, id="another path"),
    ],
)
def test_a_mistake_is_answered_with_its_status_in_the_requests_encoding(
    spooling: RunningCollector, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    before = spooling.collector.counters.value("accepted_requests")
    answer = httpx.request(method, spooling.http + path, content=body, headers=headers)
    assert answer.status_code == status
    if headers.get("content-type") == "application/x-protobuf":
        said = status_pb2.Status.FromString(answer.content).message
    else:
        said = answer.json()["message"]
    assert said
    assert "Traceback" not in said
    assert spooling.collector.counters.value("accepted_requests") == before


_DEEP = {"arrayValue": {"values": [{"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "a!G!V!s"}}]}}]}}


@pytest.mark.parametrize(
    ("item", "says"),
    [
        pytest.param({"body": {"bytesValue": "!!!"}}, "bytesValue of the body", id="a body that is no base64"),
        pytest.param({"body": _DEEP}, "bytesValue of the body", id="a list of maps that is none"),
        pytest.param({"attributes": [{"key": "doc", "value": _DEEP}]}, "the attribute 'doc'", id="an attribute"),
        pytest.param({"body": {"bytes_value": "aGVs="}}, "bytes_value of the body", id="padding where none belongs"),
        pytest.param({"severityNumber": "NOPE"}, "severityNumber must be a number", id="no severity"),
        pytest.param({"kind": "NOPE"}, "kind must be a number", id="no kind"),
        pytest.param({"status": {"code": "STATUS"}}, "code must be a number", id="no status"),
        pytest.param({"events": [{"attributes": [{"key": "e", "value": {"bytesValue": "="}}]}]}, "'e'", id="an event"),
    ],
)
def test_what_json_cannot_mean_is_refused_naming_its_place(
    spooling: RunningCollector, item: dict[str, Any], says: str
) -> None:
    path, body = (
        ("/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [{}, item]}]}]})
        if {"kind", "status", "events"} & set(item)
        else ("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, item]}]}]})
    )
    answer = httpx.post(spooling.http + path, json=body)
    assert answer.status_code == 400
    assert says in answer.json()["message"]


@pytest.mark.parametrize("where", ["resource", "scope"])
def test_bytes_of_a_resource_and_of_a_scope_are_base64_as_well(spooling: RunningCollector, where: str) -> None:
    holder = {where: {"attributes": [{"key": "doc", "value": {"bytesValue": "!!!"}}]}}
    of_scope = holder if where == "scope" else {}
    body = {"resourceLogs": [{**(holder if where == "resource" else {}), "scopeLogs": [of_scope]}]}
    answer = httpx.post(f"{spooling.http}/v1/logs", json=body)
    assert (answer.status_code, "'doc'" in answer.json()["message"]) == (400, True)


def test_base64_and_enumerations_are_read_in_every_spelling() -> None:
    texts = ("", "aGVsbG8", "aGVsbG8=", "-_8", "+/8=", "aGVs")
    records = [{"body": {"bytesValue": text}} for text in texts]
    records += [{"severityNumber": each} for each in (9, "9", "SEVERITY_NUMBER_INFO", 77, None)]
    records += [{"body": {"stringValue": "!!!"}, "later": {"bytesValue": "!!!", "severityNumber": "NOPE"}}]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    found = read_json(Signal.LOGS, body).resource_logs[0].scope_logs[0].log_records
    expected = [b"", b"hello", b"hello", b"\xfb\xff", b"\xfb\xff", b"hel"]
    assert [each.body.bytes_value for each in found[: len(texts)]] == expected
    assert [each.severity_number for each in found[len(texts) : -1]] == [9, 9, 9, 77, 0]
    assert found[-1].body.string_value == "!!!"


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs"])
def test_an_empty_request_is_accepted(spooling: RunningCollector, path: str) -> None:
    depth = spooling.collector.spool.depth_bytes
    assert httpx.post(spooling.http + path, content=b"", headers=_PROTOBUF).status_code == 200
    assert httpx.post(spooling.http + path, content=b"{}", headers=_JSON).json() == {}
    assert spooling.collector.spool.depth_bytes == depth


def test_json_follows_the_rules_of_otlp(running: RunningCollector) -> None:
    span = {
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "eee19b7ec3c1b174",
        "name": "n",
        "kind": 3,
        "startTimeUnixNano": 1544712660000000000,
        "endTimeUnixNano": "1544712661000000000",
        "status": {"code": 2},
        "attributes": [
            {"key": "traceId", "value": {"stringValue": "not an id, a value"}},
            {"key": "n", "value": {"intValue": "9007199254740993"}},
            {"key": "b", "value": {"bytesValue": "AP8="}},
        ],
        "aFieldOfALaterVersion": {"x": [1]},
        "links": [{"traceId": "AA" * 16, "spanId": "bb" * 8}],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}], "another": 1}
    answer = httpx.post(
        f"{running.http}/v1/traces", json=body, headers={"content-type": "application/json; charset=utf-8"}
    )
    assert answer.status_code == 200
    (row,) = running.rows("otel_traces", 1)
    assert (row["TraceId"], row["SpanKind"], row["StatusCode"]) == (span["traceId"].lower(), "Client", "Error")  # type: ignore[attr-defined]
    assert row["SpanAttributes"] == {"traceId": "not an id, a value", "n": "9007199254740993", "b": "AP8="}
    assert row["Links.TraceId"] == ["aa" * 16]


def test_ids_are_looked_for_where_otlp_has_them_and_nowhere_else(running: RunningCollector) -> None:
    other = {"traceId": "req-1", "spanId": 7, "parentSpanId": {"x": []}}
    span = {"traceId": "5b" * 16, "spanId": "ee" * 8, "name": "n", "links": [{"spanId": "aa" * 8, "vendor": other}]}
    scope = {"scope": {"vendor": other}, "spans": [{**span, "vendor": other}], **other}
    traces = {
        "resourceSpans": [{"resource": {"vendor": other}, "vendor": other, "scopeSpans": [scope], **other}],
        **other,
    }
    record = {"traceId": "5b" * 16, "spanId": "ee" * 8, "vendor": [other], "eventName": "e", "parentSpanId": "no"}
    logs_sent = {"resourceLogs": [{"vendor": other, "scopeLogs": [{"logRecords": [record], "vendor": [[other]]}]}]}
    for path, body in [("traces", traces), ("logs", logs_sent)]:
        answer = httpx.post(f"{running.http}/v1/{path}", json=body)
        assert (answer.status_code, answer.json()) == (200, {})
    [stored_span], [stored_log] = running.rows("otel_traces", 1), running.rows("otel_logs", 1)
    for row in (stored_span, stored_log):
        assert (row["TraceId"], row["SpanId"]) == ("5b" * 16, "ee" * 8)
    assert stored_span["Links.SpanId"] == ["aa" * 8]


def test_ids_under_their_original_names_are_hexadecimal_as_well(running: RunningCollector) -> None:
    span = {"trace_id": "5B" * 16, "span_id": "ee" * 8, "parent_span_id": "dd" * 8, "links": [{"trace_id": "aa" * 16}]}
    record = {"trace_id": "5B" * 16, "span_id": "ee" * 8, "event_name": "e"}
    for path, body in [
        ("traces", {"resource_spans": [{"scope_spans": [{"spans": [span]}]}]}),
        ("logs", {"resource_logs": [{"scope_logs": [{"log_records": [record]}]}]}),
    ]:
        assert httpx.post(f"{running.http}/v1/{path}", json=body).status_code == 200
    [stored_span], [stored_log] = running.rows("otel_traces", 1), running.rows("otel_logs", 1)
    assert (stored_span["ParentSpanId"], stored_span["Links.TraceId"]) == ("dd" * 8, ["aa" * 16])
    for row in (stored_span, stored_log):
        assert (row["TraceId"], row["SpanId"]) == ("5b" * 16, "ee" * 8)
    answer = httpx.post(
        f"{running.http}/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [{"trace_id": "req-1"}]}]}]}
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "trace_id must be 32 hexadecimal digits")


@pytest.mark.parametrize("headers", [_PROTOBUF, _JSON], ids=["protobuf", "json"])
def test_no_attribute_of_a_sender_passes_for_a_mark_of_ours(running: RunningCollector, headers: dict[str, str]) -> None:
    request = logs(2)
    for record in request.resource_logs[0].scope_logs[0].log_records:
        record.attributes.add(key="throughline.flags").value.string_value = "missing_timestamp"
    request.resource_logs[0].scope_logs[0].log_records[1].time_unix_nano = 0
    body = request.SerializeToString() if headers is _PROTOBUF else json_format.MessageToJson(request).encode()
    assert httpx.post(f"{running.http}/v1/logs", content=body, headers=headers).status_code == 200
    timed, timeless = sorted(running.rows("otel_logs", 2), key=lambda row: len(row["LogAttributes"]))
    assert timed["LogAttributes"] == {}
    assert timeless["LogAttributes"] == {"throughline.flags": "missing_timestamp"}
    assert running.collector.counters.value("refused_attributes", reason="reserved", signal="logs") == 2


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector with little room."""
    limits = Limits(
        intake=IntakeLimits(request_bytes=20_000, decompressed_bytes=50_000), spool=SpoolLimits(total_bytes=90_000)
    )
    with RunningCollector(None, tmp_path_factory.mktemp("small"), limits=limits) as collector:
        yield collector


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(_PROTOBUF, b"x" * 20_001, id="too large as sent"),
        pytest.param({**_PROTOBUF, "content-encoding": "gzip"}, gzip.compress(bytes(50_001)), id="a gzip bomb"),
        pytest.param({**_PROTOBUF, "content-encoding": "deflate"}, zlib.compress(bytes(10**7)), id="a deflate bomb"),
        pytest.param({**_PROTOBUF, "content-encoding": "zstd"}, zstandard.compress(bytes(10**7)), id="a zstd bomb"),
    ],
)
def test_too_much_is_refused_for_good(small: RunningCollector, headers: dict[str, str], body: bytes) -> None:
    answer = httpx.post(f"{small.http}/v1/traces", content=body, headers=headers)
    assert answer.status_code == 413
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("path", "length", "status"), [("/v1/metrics", 10, 404), ("/v1/traces", 100_000, 413)])
def test_a_sender_that_asks_first_is_refused_before_it_sends_its_body(
    small: RunningCollector, path: str, length: int, status: int
) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", small.collector.http_port), timeout=4) as connection:
        connection.sendall(f"{head}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            said = answer.read()
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in said


def test_a_body_of_unknown_length_is_bounded_too(small: RunningCollector) -> None:
    answer = httpx.post(f"{small.http}/v1/traces", content=iter([b"x" * 5000] * 10), headers=_PROTOBUF)
    assert answer.status_code == 413


def test_a_full_spool_refuses_as_retryable_and_is_not_ready(small: RunningCollector) -> None:
    body = spans(150).SerializeToString()
    for _ in range(20):
        answer = httpx.post(f"{small.http}/v1/traces", content=body, headers=_PROTOBUF)
        if answer.status_code != 200:
            break
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    status = status_pb2.Status.FromString(answer.content)
    assert status.code == 14
    assert status.details[0].type_url.endswith("google.rpc.RetryInfo")
    assert small.collector.counters.value("refused_requests", reason="spool_full") >= 1


def _token(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def test_tokens_decide_who_may_send_and_for_which_tenant(store: Store, tmp_path: Path) -> None:
    access = Access(
        is_open=False,
        entries=(
            (_token("t1"), Principal("shop", "acme", frozenset({"ingest"}))),
            (_token("t2"), Principal("viewer", "acme", frozenset({"read"}))),
        ),
    )
    with RunningCollector(store, tmp_path, access=access) as running:
        url, body = f"{running.http}/v1/traces", spans(1).SerializeToString()
        for token, status in [(None, 401), ("wrong", 401), ("t2", 403), ("t1", 200)]:
            headers = {**_PROTOBUF, **({"authorization": f"Bearer {token}"} if token else {})}
            assert httpx.post(url, content=body, headers=headers).status_code == status
        (row,) = running.rows("otel_traces", 1)
        assert row["Tenant"] == "acme"
