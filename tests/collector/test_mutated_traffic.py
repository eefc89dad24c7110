"""Mutated requests over the wire: refused as the protocol says, no crash, no memory, nothing good lost among them."""

from __future__ import annotations

import http.client
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from collector import Limits, QuarantineLimits, SpoolLimits, record
from store import Store
from tests.collector.payloads import mutated, spans
from tests.collector.running import RunningCollector, wait_for
from tests.collector.test_mutated_requests import _DOORS, _STRUCTURED

_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_PROTOBUF = {"content-type": "application/x-protobuf"}
_HTTP = {
    "http protobuf": ("protobuf traces", "/v1/traces", _PROTOBUF),
    "http json": ("JSON traces", "/v1/traces", {"content-type": "application/json"}),
    "cloudevents": ("a structured event", "/v1/events", _STRUCTURED),
    "gzip": ("gzip", "/v1/traces", {**_PROTOBUF, "content-encoding": "gzip"}),
}
_GOOD_EVERY = 40
_GOOD_IDS = 10_000_000
_LIMITS = Limits(spool=SpoolLimits(segment_seconds=1), quarantine=QuarantineLimits(1_000_000, 1_000_000))


def _over_grpc(running: RunningCollector, stack: ExitStack) -> tuple[bytes, Callable[[bytes], str]]:
    export = stack.enter_context(grpc.insecure_channel(running.grpc)).unary_unary(_METHOD)

    def send(body: bytes) -> str:
        try:
            export(body, timeout=30)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    return _DOORS["protobuf traces"][0], send


def _over_http(running: RunningCollector, stack: ExitStack, protocol: str) -> tuple[bytes, Callable[[bytes], str]]:
    name, path, headers = _HTTP[protocol]
    connection = http.client.HTTPConnection("127.0.0.1", running.collector.http_port, timeout=30)
    stack.callback(connection.close)

    def send(body: bytes) -> str:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)

    return _DOORS[name][0], send


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _storm(running: RunningCollector, protocol: str, rounds: int) -> tuple[int, Counter[str]]:
    """Send so many mutated requests, a good one now and then; gives the good spans and the answers to the others."""
    chance = random.Random(f"{protocol} {rounds}")
    answers: Counter[str] = Counter()
    good = 0
    with ExitStack() as stack:
        template, send = _over_grpc(running, stack) if protocol == "grpc" else _over_http(running, stack, protocol)
        _, send_good = _over_http(running, stack, "http protobuf")
        for number in range(rounds):
            answers[send(mutated(chance, template))] += 1
            if number % _GOOD_EVERY == 0:
                assert send_good(spans(1, first=_GOOD_IDS + good).SerializeToString()) == "200"
                good += 1
    return good, answers


def _expected(answers: Counter[str]) -> None:
    refusals = {"INVALID_ARGUMENT", "400", "413", "415"}
    assert set(answers) <= refusals | {"OK", "200", "202"}
    assert sum(answers[each] for each in refusals) > 0


@pytest.mark.parametrize("protocol", ["grpc", *_HTTP])
def test_what_was_good_is_stored_whatever_came_between(store: Store, tmp_path: Path, protocol: str) -> None:
    with RunningCollector(store, tmp_path, limits=_LIMITS) as running:
        good, answers = _storm(running, protocol, 200)
        _expected(answers)
        wait_for(lambda: running.collector.spool.depth_bytes == 0, 60)
        ids = [f"{_GOOD_IDS + number + 1:016x}" for number in range(good)]
        stored = "SELECT count() FROM otel_traces WHERE SpanId IN {ids:Array(String)}"
        assert store.value(stored, {"ids": ids}) == good


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("protocol", ["grpc", *_HTTP])
def test_a_hundred_thousand_mutated_requests_cost_no_memory_and_lose_nothing(tmp_path: Path, protocol: str) -> None:
    with RunningCollector(None, tmp_path, limits=_LIMITS) as running:
        _storm(running, protocol, 2_000)
        before = _resident_mb()
        _storm(running, protocol, 100_000)
        assert _resident_mb() - before < 64
        accepted = running.collector.counters.value("accepted_items")
    found = [record.read(each.read_bytes()) for each in (tmp_path / "spool").glob("*.otlp")]
    assert sum(each.items for each in found if each is not None) == accepted
