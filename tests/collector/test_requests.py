"""Requests at the door: a list or a map in any value is seen in the bytes, however it is placed and however long."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.requests import REQUEST, accept, accept_message
from collector.segment import Signal
from model import BadRequest
from tests.collector.payloads import logs, mutated, spans

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
    for signal, request in (Signal.TRACES, _traces(value, place)), (Signal.LOGS, _logs(value, place)):
        body = request.SerializeToString()
        taken = accept(signal, body)
        assert taken.items == 3
        assert taken.body != body
        assert not _has_nested(REQUEST[signal].FromString(taken.body))


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
        assert accept(Signal.TRACES, body).body != body
    else:
        with pytest.raises(BadRequest):
            accept(Signal.TRACES, body)


def _padded(value: int, size: int) -> bytes:
    """A varint below 128 in so many bytes."""
    return bytes([value]) if size == 1 else bytes([value | 0x80, *[0x80] * (size - 2), 0])


def test_a_list_is_seen_in_a_value_that_goes_on_to_be_something_else() -> None:
    """No encoder writes such a value; the last kind counts, and ClickHouse must not meet the list."""
    value = _list([AnyValue(int_value=1)]).SerializeToString() + AnyValue(string_value="x").SerializeToString()
    request = _traces(AnyValue.FromString(value), 0)
    assert request.resource_spans[0].scope_spans[0].spans[1].attributes[-1].value.string_value == "x"
    attribute = b"\x0a\x01a\x12" + bytes([len(value)]) + value
    resource = b"\x0a" + bytes([len(attribute)]) + attribute
    body = b"\x0a" + bytes([len(resource) + 2]) + b"\x0a" + bytes([len(resource)]) + resource
    taken = ExportTraceServiceRequest.FromString(accept(Signal.TRACES, body).body)
    assert taken.resource_spans[0].resource.attributes[0].value == AnyValue(string_value="x")


def test_attributes_with_names_of_our_own_are_left_out_and_counted() -> None:
    """However they come, and nothing else with them."""
    traces, records = spans(2), logs(2)
    span = traces.resource_spans[0].scope_spans[0].spans[1]
    record = records.resource_logs[0].scope_logs[0].log_records[0]
    for request, owners in [(traces, [span, span.events.add(name="e")]), (records, [record])]:
        assert accept(_SIGNAL[type(request)], request.SerializeToString()).reserved == 0
        for owner in owners:
            for name in (
                "throughline.flags",
                "throughline.flags",
                "kept",
                "throughline.flags[]",
                "not.throughline.flags",
            ):
                owner.attributes.add(key=name).value.string_value = "throughline.flags"
        for taken in (
            accept(_SIGNAL[type(request)], request.SerializeToString()),
            accept_message(_SIGNAL[type(request)], type(request).FromString(request.SerializeToString())),
        ):
            assert (taken.items, taken.rejected, taken.reserved) == (2, 0, 3 * len(owners))
            expected = type(request).FromString(request.SerializeToString())
            for owner in _owners(expected):
                kept = [each for each in owner.attributes if not each.key.startswith("throughline.flags")]
                owner.ClearField("attributes")
                owner.attributes.extend(kept)
            assert type(request).FromString(taken.body) == expected


_SIGNAL = {kind: signal for signal, kind in REQUEST.items()}


def _owners(request: Any) -> list[Any]:
    if isinstance(request, ExportLogsServiceRequest):
        return list(request.resource_logs[0].scope_logs[0].log_records)
    found = list(request.resource_spans[0].scope_spans[0].spans)
    return found + [event for span in found for event in span.events]


@pytest.mark.parametrize("rounds", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("signal", Signal)
def test_exactly_what_the_full_parse_reads_is_taken(signal: Signal, rounds: int) -> None:
    """Mutated requests are refused, counted and rewritten as the full parse of the same bytes tells."""
    chance = random.Random(f"{signal} {rounds}")
    value = _list([AnyValue(int_value=1)])
    bodies = [
        (_traces(each, 0) if signal is Signal.TRACES else _logs(each, 0)).SerializeToString()
        for each in (value, AnyValue(string_value="ä"), AnyValue(int_value=1))
    ]
    refused = rewritten = 0
    for _ in range(rounds):
        body = mutated(chance, chance.choice(bodies))
        try:
            parsed = REQUEST[signal].FromString(body)
        except DecodeError:
            refused += 1
            with pytest.raises(BadRequest):
                accept(signal, body)
            continue
        taken = accept(signal, body)
        assert taken.items == _count(parsed)
        if _has_nested(parsed):
            rewritten += 1
            assert not _has_nested(REQUEST[signal].FromString(taken.body))
    assert refused > rounds / 10
    assert rewritten > rounds / 100


def _count(request: Any) -> int:
    """Spans or log records, counted in Python."""
    scopes = [scope for each in request.ListFields() for owner in each[1] for scope in _scopes(owner)]
    return sum(len(scope.spans) if hasattr(scope, "spans") else len(scope.log_records) for scope in scopes)


def _scopes(owner: Any) -> Any:
    return owner.scope_spans if hasattr(owner, "scope_spans") else owner.scope_logs


def _has_nested(message: Any) -> bool:
    """Whether a list or a map stands anywhere in it, looked for in Python."""
    for field, value in message.ListFields():
        if field.name in {"array_value", "kvlist_value"}:
            return True
        if field.message_type is not None:
            inner = [value] if hasattr(value, "ListFields") else value
            if any(_has_nested(each) for each in inner):
                return True
    return False
