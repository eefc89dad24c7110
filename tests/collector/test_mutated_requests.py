"""Whatever is sent, it is accepted or refused with a reason; nothing else ever comes out of the code at the door."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import zstandard
from google.protobuf import json_format

from collector import IntakeLimits
from collector.cloudevents import read_events
from collector.http_body import decompressed
from collector.otlp_json import read_json
from collector.requests import accept, accept_message, accept_own
from collector.segment import Signal
from model import Refused
from tests.collector.payloads import logs, mutated, spans

_TRACES = spans(4)
_TRACES.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="l").value.array_value.values.add(int_value=1)
_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "https://crm.example/orders",
    "type": "crm.order.won",
    "time": "2026-11-21T10:00:00Z",
    "traceparent": "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01",
    "data": {"order": {"id": 7, "total": 10.5}, "lines": [{"order": 1}], "tags": ["a"], "n": None},
}
_NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
_STRUCTURED = {"content-type": "application/cloudevents+json"}

_DOORS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "protobuf traces": (_TRACES.SerializeToString(), lambda data: accept(Signal.TRACES, data)),
    "protobuf logs": (logs(4).SerializeToString(), lambda data: accept(Signal.LOGS, data)),
    "JSON traces": (
        json_format.MessageToJson(spans(1), indent=None).replace("=", "0").encode(),
        lambda data: accept_message(Signal.TRACES, read_json(Signal.TRACES, data)),
    ),
    "a structured event": (
        json.dumps(_EVENT).encode(),
        lambda data: accept_own(Signal.LOGS, read_events(_STRUCTURED, data, IntakeLimits(), _NOW)),
    ),
    "the headers of a binary event": (
        b"2026-11-21T10:00:00Z",
        lambda data: accept_own(
            Signal.LOGS,
            read_events(
                {
                    "ce-id": data.decode("latin-1"),
                    "ce-time": data.decode("latin-1"),
                    "ce-source": data.decode("latin-1"),
                    "ce-type": "t",
                    "ce-specversion": "1.0",
                },
                data,
                IntakeLimits(),
                _NOW,
            ),
        ),
    ),
    "gzip": (gzip.compress(b"abc" * 50), lambda data: decompressed(data, "gzip", 1000)),
    "deflate": (zlib.compress(b"abc" * 50), lambda data: decompressed(data, "deflate", 1000)),
    "zstd": (zstandard.compress(b"abc" * 50), lambda data: decompressed(data, "zstd", 1000)),
}


@pytest.mark.parametrize("rounds", [1500, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("door", _DOORS)
def test_a_mutated_request_is_accepted_or_refused(door: str, rounds: int) -> None:
    chance = random.Random(f"{door} {rounds}")
    data, enter = _DOORS[door]
    refused = 0
    for _ in range(rounds):
        changed = mutated(chance, data)
        try:
            enter(changed)
        except Refused:
            refused += 1
    assert refused
