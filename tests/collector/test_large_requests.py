"""What takes long with a large request keeps no other request waiting, and costs no more than its size."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import zstandard

from collector.http_body import decompressed
from collector.intake import Refusal
from tests.collector.payloads import spans
from tests.collector.running import RunningCollector

_PROTOBUF = {"content-type": "application/x-protobuf"}
_TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_PACKED: list[Any] = [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)]


@pytest.mark.parametrize(("encoding", "packed"), _PACKED)
def test_a_body_of_empty_parts_without_end_is_refused(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Refusal, match="in more than 10000 parts") as refused:
        decompressed(packed(b"") * 80_000, encoding, 1 << 20)
    assert refused.value.answer.http == 400
    assert not refused.value.answer.retryable


@pytest.mark.parametrize(("encoding", "packed"), _PACKED)
def test_a_body_may_come_in_many_parts(encoding: str, packed: Callable[[bytes], bytes]) -> None:
    parts = [bytes([n % 256]) * (n * 7 % 50_000) for n in range(300)] + [b""] * 2000 + [b"the end"]
    body = b"".join(map(packed, parts))
    assert decompressed(body, encoding, 16 << 20) == b"".join(parts)
    with pytest.raises(Refusal, match="larger than"):
        decompressed(body, encoding, len(b"".join(parts)) - 1)
    with pytest.raises(Refusal, match="ends too early"):
        decompressed(body[:-1], encoding, 16 << 20)
    with pytest.raises(Refusal, match=f"not {encoding}"):
        decompressed(body + b"more", encoding, 16 << 20)


def test_small_bodies_are_unpacked_where_they_are_and_large_ones_aside(tmp_path: Path) -> None:
    with RunningCollector(None, tmp_path) as running:
        for count, is_aside in [(50, False), (20_000, True)]:
            body = gzip.compress(spans(count).SerializeToString())
            headers = {**_PROTOBUF, "content-encoding": "gzip"}
            assert httpx.post(f"{running.http}/v1/traces", content=body, headers=headers).status_code == 200
            assert any(each.name.startswith("large-request") for each in threading.enumerate()) is is_aside
    assert not any(each.name.startswith("large-request") for each in threading.enumerate())


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_large_request_that_is_rewritten_keeps_no_other_waiting(tmp_path: Path, protocol: str) -> None:
    large = spans(0)
    large.resource_spans[0].resource.attributes.add(key="list").value.array_value.SetInParent()
    for _ in range(300_000):
        large.resource_spans[0].scope_spans[0].spans.add(kind=1)
    body, small = large.SerializeToString(), spans(1).SerializeToString()
    with RunningCollector(None, tmp_path) as running, httpx.Client(timeout=60) as client:

        def send() -> None:
            if protocol == "http":
                httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF, timeout=60)
                return
            with grpc.insecure_channel(running.grpc) as channel:
                channel.unary_unary(_TRACES)(body, timeout=60)

        sender = threading.Thread(target=send)
        sender.start()
        answered = 0
        while sender.is_alive():
            assert client.post(f"{running.http}/v1/traces", content=small, headers=_PROTOBUF).status_code == 200
            answered += 1
        assert running.collector.counters.value("accepted_items") == 300_000 + answered
    assert answered > 10
