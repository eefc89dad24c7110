"""Raw telemetry as records of one shape: spans, span events and log records, and where their attributes are looked up.

Columns: segment_id, received_at, signal (span, span_event, log), name, span_name (of a span event: its span's),
service, status, occurred_at (of a span: its end), started_at, trace_id, span_id, parent_span_id, own_attributes,
span_attributes, resource_attributes, body, identity (128-bit hash), upside_down (1: ends before it starts).
"""

from __future__ import annotations

from sqlglot import exp, parse_one

from correlator.compiling.matching import may_be_event, may_be_span
from correlator.compiling.sql_ast import any_of, call, column, function
from model import Milestone

_EVENT_NAMES = exp.column("Name", table="Events")

RECEIVED = "received"
"""The name under which the rows of the raw table stand: a common table expression in front of the statement."""

# Identity (design section 5): CloudEvents and imports by source and id, wherever their attributes are; else a span by
# trace, span, kind and service, a span event by its span, name, time and index, a log by all it holds. Maps are hashed
# as a sum over their pairs, so that the order of attributes does not matter.
_LOGS = """
SELECT
  SegmentId AS segment_id, ReceivedAt AS received_at, 'log' AS signal,
  if(notEmpty(EventName), EventName, LogAttributes['event.name']) AS name, '' AS span_name,
  toString(ServiceName) AS service, 'unset' AS status,
  fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(Timestamp), 1000), 'UTC') AS occurred_at,
  occurred_at AS started_at,
  TraceId AS trace_id, SpanId AS span_id, '' AS parent_span_id,
  LogAttributes AS own_attributes, CAST(map(), 'Map(LowCardinality(String), String)') AS span_attributes,
  ResourceAttributes AS resource_attributes, Body AS body,
  if(notEmpty(LogAttributes['cloudevents.event_id']),
    sipHash128('cloudevent', LogAttributes['cloudevents.event_source'], LogAttributes['cloudevents.event_id']),
    sipHash128('log',
      if(position(LogAttributes['throughline.flags'], 'missing_timestamp') > 0, toDateTime64(0, 9), Timestamp),
      ServiceName, name, TraceId, SpanId, Body,
      arraySum(arrayMap((k, v) -> sipHash64(k, v), mapKeys(LogAttributes), mapValues(LogAttributes))))) AS identity,
  toUInt8(0) AS upside_down
FROM received
"""

_SPANS = """
SELECT
  SegmentId AS segment_id, ReceivedAt AS received_at, 'span' AS signal,
  toString(SpanName) AS name, '' AS span_name,
  toString(ServiceName) AS service, if(StatusCode IN ('Ok', 'Error'), lower(toString(StatusCode)), 'unset') AS status,
  fromUnixTimestamp64Micro(
    intDiv(toUnixTimestamp64Nano(Timestamp), 1000) + intDiv(reinterpretAsInt64(Duration), 1000), 'UTC') AS occurred_at,
  fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(Timestamp), 1000), 'UTC') AS started_at,
  TraceId AS trace_id, SpanId AS span_id, ParentSpanId AS parent_span_id,
  SpanAttributes AS own_attributes, CAST(map(), 'Map(LowCardinality(String), String)') AS span_attributes,
  ResourceAttributes AS resource_attributes, StatusMessage AS body,
  sipHash128('span', TraceId, SpanId, SpanKind, ServiceName) AS identity,
  toUInt8(reinterpretAsInt64(Duration) < 0) AS upside_down
FROM received
"""

_SPAN_EVENTS = """
SELECT
  SegmentId AS segment_id, ReceivedAt AS received_at, 'span_event' AS signal,
  toString(event_name) AS name, toString(SpanName) AS span_name,
  toString(ServiceName) AS service, if(StatusCode IN ('Ok', 'Error'), lower(toString(StatusCode)), 'unset') AS status,
  fromUnixTimestamp64Micro(intDiv(toUnixTimestamp64Nano(event_at), 1000), 'UTC') AS occurred_at,
  occurred_at AS started_at,
  TraceId AS trace_id, SpanId AS span_id, ParentSpanId AS parent_span_id,
  event_attributes AS own_attributes, SpanAttributes AS span_attributes,
  ResourceAttributes AS resource_attributes, '' AS body,
  sipHash128('span_event', TraceId, SpanId, SpanKind, ServiceName, event_name, event_at, event_index) AS identity,
  toUInt8(0) AS upside_down
FROM received
ARRAY JOIN Events.Name AS event_name, Events.Timestamp AS event_at, Events.Attributes AS event_attributes,
  arrayEnumerate(Events.Name) AS event_index
"""


def log_records(milestones: tuple[Milestone, ...]) -> exp.Query | None:
    """The log records whose name a milestone asks for; None where none asks for one.

    Attributes are read only where the name may be among them.
    """
    if not _events_of_logs(milestones):
        return None
    named = column("EventName")
    may_be = any_of([call("empty", named), may_be_event(milestones, named)])
    return _select(_LOGS).where(may_be).where(may_be_event(milestones, column("name")))


def span_records(milestones: tuple[Milestone, ...]) -> exp.Query:
    """The spans and span events whose name a milestone asks for.

    The condition on names stands where few columns are read before it holds: most spans are nobody's milestone.
    """
    spans = _select(_SPANS).where(may_be_span(milestones, column("SpanName")))
    if all(each.match.event is None for each in milestones):
        return spans
    may_have = call("arrayExists", function("n", may_be_event(milestones, column("n"))), _EVENT_NAMES)
    having = exp.select("*").from_(RECEIVED).where(may_have).subquery(RECEIVED)
    events = _select(_SPAN_EVENTS).from_(having).where(may_be_event(milestones, column("name")))
    if all(each.match.event is not None for each in milestones):
        return events
    return exp.union(spans, events, distinct=False)


def _events_of_logs(milestones: tuple[Milestone, ...]) -> bool:
    return any(each.match.event is not None and each.match.span is None for each in milestones)


def _select(template: str) -> exp.Select:
    query = parse_one(template, dialect="clickhouse")
    assert isinstance(query, exp.Select)  # noqa: S101
    return query
