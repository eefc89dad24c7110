"""Everything a sender decides about has a bound, and beyond it the refusal the protocol has for it."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector import IntakeLimits, Limits, SpoolLimits
from tests.collector.payloads import spans
from tests.collector.running import RunningCollector, wait_for

_PROTOBUF = {"content-type": "application/x-protobuf"}
_TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def _nested(value: Any, deep: int) -> None:
    for _ in range(deep):
        value = value.array_value.values.add()
    value.string_value = "inside"


def _limited(tmp_path: Path, **limits: Any) -> RunningCollector:
    return RunningCollector(None, tmp_path, limits=Limits(intake=IntakeLimits(**limits)))


def _export(running: RunningCollector, body: bytes, **rest: Any) -> bytes:
    with grpc.insecure_channel(running.grpc) as channel:
        return bytes(channel.unary_unary(_TRACES)(body, timeout=10, **rest))


def test_values_nested_too_deeply_are_left_out_as_a_partial_success(tmp_path: Path) -> None:
    request = spans(3)
    spans_sent = request.resource_spans[0].scope_spans[0].spans
    _nested(spans_sent[0].attributes.add(key="fine").value, 4)
    _nested(spans_sent[1].attributes.add(key="deep").value, 5)
    _nested(spans_sent[2].events.add(name="e").attributes.add(key="deep").value, 5)
    with _limited(tmp_path, nesting=4) as running:
        answer = httpx.post(f"{running.http}/v1/traces", content=request.SerializeToString(), headers=_PROTOBUF)
        assert answer.status_code == 200
        told = ExportTraceServiceResponse.FromString(answer.content).partial_success
        assert (told.rejected_spans, told.error_message) == (2, "a value is nested more than 4 deep")
        again = ExportTraceServiceResponse.FromString(_export(running, request.SerializeToString()))
        assert again.partial_success.rejected_spans == 2
        assert running.collector.counters.value("accepted_items") == 2
        assert running.collector.counters.value("refused_items", reason="nested") == 4


def test_a_resource_nested_too_deeply_takes_all_its_records_with_it(tmp_path: Path) -> None:
    request = ExportLogsServiceRequest()
    for deep in (2, 1):
        of_resource = request.resource_logs.add()
        _nested(of_resource.resource.attributes.add(key="a").value, deep)
        of_resource.scope_logs.add().log_records.add(time_unix_nano=1)
        of_scope = of_resource.scope_logs.add()
        _nested(of_scope.scope.attributes.add(key="a").value, 2)
        of_scope.log_records.add(time_unix_nano=1)
    with _limited(tmp_path, nesting=1) as running:
        answer = httpx.post(f"{running.http}/v1/logs", content=request.SerializeToString(), headers=_PROTOBUF)
        assert ExportLogsServiceResponse.FromString(answer.content).partial_success.rejected_log_records == 3
        assert running.collector.counters.value("accepted_items") == 1


def test_a_partial_success_in_json_is_answered_in_json(tmp_path: Path) -> None:
    deep = {"arrayValue": {"values": [{"arrayValue": {"values": []}}]}}
    record = {"timeUnixNano": "1", "body": deep}
    with _limited(tmp_path, nesting=1) as running:
        sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, {"timeUnixNano": "1"}]}]}]}
        answer = httpx.post(f"{running.http}/v1/logs", json=sent)
        assert answer.json() == {
            "partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "a value is nested more than 1 deep"}
        }


def test_an_event_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/erp", "type": "t"}
    with _limited(tmp_path, nesting=2) as running:
        for data, status in [({"a": {"b": 1}}, 202), ({"a": {"b": {"c": 1}}}, 400)]:
            sent = json.dumps({**event, "data": data})
            headers = {"content-type": "application/cloudevents+json"}
            assert httpx.post(f"{running.http}/v1/events", content=sent, headers=headers).status_code == status


def test_a_bomb_over_grpc_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    body = b"\x92\x08" + b"\x00" * (64 << 20)
    with _limited(tmp_path, decompressed_bytes=1 << 20) as running:
        with pytest.raises(grpc.RpcError) as refused:
            _export(running, body, compression=grpc.Compression.Gzip)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert _export(running, spans(1).SerializeToString(), compression=grpc.Compression.Gzip) == b""


def test_requests_together_take_no_more_memory_than_they_may(tmp_path: Path) -> None:
    body = spans(2000).SerializeToString()
    packed = gzip.compress(body)
    with _limited(tmp_path, in_flight_bytes=len(body) * 3 // 2) as running:
        url = f"{running.http}/v1/traces"
        with socket.create_connection(("127.0.0.1", running.collector.http_port)) as other:
            head = f"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            other.sendall(head.encode() + b"content-type: application/x-protobuf\r\n\r\n" + body[:-1])
            wait_for(lambda: httpx.post(url, content=body, headers=_PROTOBUF).status_code == 503)
            for content, more in [(body, {}), (packed, {"content-encoding": "gzip"})]:
                answer = httpx.post(url, content=content, headers={**_PROTOBUF, **more})
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            with pytest.raises(grpc.RpcError) as refused:
                _export(running, body)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "grpc-status-details-bin" in dict(refused.value.trailing_metadata())
        # What was held is free again.
        wait_for(lambda: httpx.post(url, content=body, headers=_PROTOBUF).status_code == 200)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        pytest.param({"intake": IntakeLimits(in_flight_bytes=100_000)}, "being worked on", id="memory"),
        pytest.param({"spool": SpoolLimits(waiting_bytes=100_000)}, "wait for the disk", id="waiting"),
        pytest.param({"spool": SpoolLimits(total_bytes=100_000)}, "wait for the disk", id="spool"),
    ],
)
def test_a_request_that_can_never_fit_is_not_to_be_sent_again(
    tmp_path: Path, limits: dict[str, Any], said: str
) -> None:
    body = spans(2000).SerializeToString()
    with RunningCollector(None, tmp_path, limits=Limits(**limits)) as running:
        answer = httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF)
        assert answer.status_code == 413
        assert "retry-after" not in answer.headers
        assert said in status_pb2.Status.FromString(answer.content).message
        with pytest.raises(grpc.RpcError, match=said) as refused:
            _export(running, body)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        details = status_pb2.Status.FromString(dict(refused.value.trailing_metadata())["grpc-status-details-bin"])
        assert not details.details  # without RetryInfo it is not worth sending again
        assert running.collector.counters.value("refused_requests", reason="too_large") == 2


def test_a_request_that_grows_too_large_as_it_is_rewritten_is_not_to_be_sent_again(tmp_path: Path) -> None:
    request = spans(1)
    entry = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="map").value.kvlist_value.values.add()
    entry.value.string_value = "\x01" * 50_000  # six characters each as JSON text
    with RunningCollector(None, tmp_path, limits=Limits(spool=SpoolLimits(waiting_bytes=100_000))) as running:
        answer = httpx.post(f"{running.http}/v1/traces", content=request.SerializeToString(), headers=_PROTOBUF)
        assert answer.status_code == 413


def test_headers_larger_than_allowed_are_refused(tmp_path: Path) -> None:
    with _limited(tmp_path, header_bytes=8 << 10) as running:
        answer = httpx.post(
            f"{running.http}/v1/traces", content=b"", headers={**_PROTOBUF, "x-large": "x" * (10 << 10)}
        )
        assert 400 <= answer.status_code < 500
        with pytest.raises(grpc.RpcError) as refused:
            _export(running, b"", metadata=(("x-large", "x" * (20 << 10)),))
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert httpx.post(f"{running.http}/v1/traces", content=b"", headers=_PROTOBUF).status_code == 200


def test_a_connection_beyond_the_bound_is_told_to_come_back_and_closed(tmp_path: Path) -> None:
    with _limited(tmp_path, connections=3) as running:
        address, url = ("127.0.0.1", running.collector.http_port), f"{running.http}/v1/traces"
        idle = [socket.create_connection(address) for _ in range(3)]
        answer = httpx.post(url, content=b"", headers=_PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"], answer.headers["connection"]) == (503, "2", "close")
        assert "connections" in status_pb2.Status.FromString(answer.content).message
        assert running.collector.counters.value("refused_requests", reason="connections") == 1
        idle.pop().close()
        wait_for(lambda: httpx.post(url, content=b"", headers=_PROTOBUF).status_code == 200)
        for each in idle:
            each.close()


def test_a_full_spool_is_refused_as_retryable_over_both_protocols(tmp_path: Path) -> None:
    body = spans(10).SerializeToString()
    with RunningCollector(None, tmp_path, limits=Limits(spool=SpoolLimits(total_bytes=len(body) * 3 // 2))) as running:
        assert httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF).status_code == 200
        answer = httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        with pytest.raises(grpc.RpcError) as refused:
            _export(running, body)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert running.collector.counters.value("refused_requests", reason="spool_full") == 2


def test_a_sender_that_asks_whether_it_may_deliver_events_is_told(tmp_path: Path) -> None:
    with _limited(tmp_path) as running:
        asked = {"WebHook-Request-Origin": "eventemitter.example.com", "WebHook-Request-Rate": "120"}
        answer = httpx.options(f"{running.http}/v1/events", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
        assert answer.headers["webhook-allowed-rate"] == "*"
        assert answer.headers["allow"] == "POST"
        assert httpx.options(f"{running.http}/v1/traces").status_code == 405
