"""Requests at the door: a list or a map in any value is seen in the bytes, however it is placed and however long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from benchmarks.load import request
from collector.requests import accept, may_nest
from collector.segment import Signal
from model import BadRequest
from tests.collector.payloads import logs, spans

_SCALARS = st.one_of(
    st.text(max_size=20).map(lambda v: AnyValue(string_value=v)),
    st.integers(-(2**63), 2**63 - 1).map(lambda v: AnyValue(int_value=v)),
    st.binary(max_size=20).map(lambda v: AnyValue(bytes_value=v)),
    st.just(AnyValue(string_value="x" * 20_000)),
    st.just(AnyValue()),
)


def _list(values: list[AnyValue]) -> AnyValue:
    made = AnyValue()
    made.array_value.SetInParent()
    made.array_value.values.extend(values)
    return made


def _map(values: list[AnyValue]) -> AnyValue:
    made = AnyValue()
    made.kvlist_value.SetInParent()
    for number, value in enumerate(values):
        made.kvlist_value.values.add(key=f"k{number}", value=value)
    return made


_NESTED = st.lists(
    st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3).map(_list), max_leaves=4), max_size=3
)


def _traces(value: AnyValue, place: int) -> ExportTraceServiceRequest:
    made = spans(3)
    of_resource = made.resource_spans[0]
    span = of_resource.scope_spans[0].spans[1]
    places: list[Any] = [
        *(span, of_resource.resource, of_resource.scope_spans[0].scope),
        *(span.events.add(name="e"), span.links.add()),
    ]
    places[place].attributes.add(key="a").value.CopyFrom(value)
    return made


def _logs(value: AnyValue, place: int) -> ExportLogsServiceRequest:
    made = logs(3)
    record = made.resource_logs[0].scope_logs[0].log_records[1]
    if place == 0:
        record.body.CopyFrom(value)
    else:
        owners: list[Any] = [made.resource_logs[0].resource, made.resource_logs[0].scope_logs[0].scope, record, record]
        owners[place - 1].attributes.add(key="a").value.CopyFrom(value)
    return made


@settings(max_examples=150, deadline=None)
@given(values=_NESTED, is_map=st.booleans(), place=st.integers(0, 4))
def test_every_list_and_map_is_seen(values: list[AnyValue], is_map: bool, place: int) -> None:
    value = (_map if is_map else _list)(values)
    assert may_nest(Signal.TRACES, _traces(value, place).SerializeToString())
    assert may_nest(Signal.LOGS, _logs(value, place).SerializeToString())


@settings(max_examples=100, deadline=None)
@given(value=_SCALARS, place=st.integers(0, 4))
def test_a_request_without_any_is_taken_as_it_is(value: AnyValue, place: int) -> None:
    body = _traces(value, place).SerializeToString()
    assert accept(Signal.TRACES, body).items == 3
    assert accept(Signal.TRACES, body).body == body


@pytest.mark.parametrize("size", range(1, 8))
def test_a_list_is_seen_behind_a_length_of_more_bytes_than_needed(size: int) -> None:
    """Where the parser takes such a length at all."""
    listed = _list([AnyValue(string_value="x")]).SerializeToString()
    attribute = b"\x0a\x01a\x12" + _padded(len(listed), size) + listed
    resource = b"\x0a" + bytes([len(attribute)]) + attribute
    body = b"\x0a" + bytes([len(resource) + 2]) + b"\x0a" + bytes([len(resource)]) + resource
    if size <= 5:
        assert may_nest(Signal.TRACES, body)
        assert accept(Signal.TRACES, body).body != body
    else:
        with pytest.raises(BadRequest):
            accept(Signal.TRACES, body)


def _padded(value: int, size: int) -> bytes:
    """A varint below 128 in so many bytes."""
    return bytes([value]) if size == 1 else bytes([value | 0x80, *[0x80] * (size - 2), 0])


@pytest.mark.parametrize("seed", range(5))
def test_random_ids_and_numbers_are_hardly_ever_taken_for_one(seed: int) -> None:
    assert not may_nest(Signal.TRACES, request(seed))
