"""Reads what the page of a timeline shows besides its events: the spans of their traces, and what led to them.

Only what concerns the events of the page is read, so that a page costs the same however long the timeline is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from collector import spans_of_traces
from correlator.lineage import Cause, SpanId, SpanNode, Step, causes, linked_traces
from correlator.rows import InstanceRow, TimelineEvent
from correlator.typed_key import typed_key
from model import TRACE_KEY, Workflow
from store import Store, lines_for, load_query, spliced

_MOST_STEPS = 10_000
_MOST_NODES = 20_000
_MOST_LINKED = 5  # traces in a row, one linked to the next
_MOST_LINKED_TRACES = 500
_AROUND_TRACE = timedelta(hours=1)
_BEFORE_TRACE = timedelta(days=1)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2261, 1, 1, tzinfo=UTC)

_Bounds = tuple[datetime, datetime]


def spans_of_page(
    store: Store, tenant: str, query: str, events: Sequence[TimelineEvent], limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """The spans of the traces that events carry, as the query of that name tells of them, and whether there are more.

    They are looked for in the time of the events and an hour more. Only for traces of which a span above is missing
    there, another day before is looked through: a batch may have begun long before it comes to an order.
    """
    carrying = [each for each in events if each.trace_id]
    if not carrying:
        return [], False
    start, end = _around((each.started_at, each.occurred_at) for each in carrying)
    trace_ids = sorted({each.trace_id for each in carrying if each.trace_id})
    rows = _spans(store, tenant, query, trace_ids, (start, end), limit)
    before = max(start - _BEFORE_TRACE, _EARLIEST - _AROUND_TRACE)
    begun = _begun_before(carrying, rows)
    if begun and before < start and len(rows) <= limit:
        rows = [*_spans(store, tenant, query, begun, (before, start - timedelta(microseconds=1)), limit), *rows]
    return rows[:limit], len(rows) > limit


def causes_on_page(
    store: Store, tenant: str, workflow: Workflow, instance: InstanceRow, events: Sequence[TimelineEvent]
) -> tuple[list[Cause], bool]:
    """What led to these events of the instance, and whether there may be more."""
    if not events:
        return [], False
    root = typed_key(workflow.name, workflow.root, instance.key)
    page = _step_rows(store, tenant, workflow, [each.event_id for each in events])
    spans, is_cut = _spans_above(store, tenant, instance, events)
    steps = {row["event_id"]: row for row in page}
    others = [each for each in _candidates(store, tenant, workflow, root, page, spans) if each not in steps]
    steps |= {row["event_id"]: row for row in _step_rows(store, tenant, workflow, others[:_MOST_STEPS])}
    ordered = sorted(steps.values(), key=lambda row: (row["occurred_at"], row["place"], row["event_id"]))
    shown = {row["event_id"] for row in page}
    found = causes([_step(row, workflow, root) for row in ordered], spans)
    return [each for each in found if each.effect in shown], is_cut or len(others) > _MOST_STEPS


def _spans_above(
    store: Store, tenant: str, instance: InstanceRow, events: Sequence[TimelineEvent]
) -> tuple[dict[SpanId, SpanNode], bool]:
    """The spans of the events' traces, and, in the time of the instance, of those that they link to, and so on."""
    rows, is_cut = spans_of_page(store, tenant, "lineage_spans", events, _MOST_NODES)
    found = spans = _nodes(rows)
    known = {each.trace_id for each in events if each.trace_id}
    most = len(known) + _MOST_LINKED_TRACES
    times = [(each.started_at, each.occurred_at) for each in events]
    bounds = _around([*times, (instance.started_at, instance.last_event_at)])
    for _ in range(_MOST_LINKED):
        linked = linked_traces(found.values(), known)
        wanted = linked[: most - len(known)]
        is_cut = is_cut or len(wanted) < len(linked)
        if not wanted:
            break
        known |= set(wanted)
        rows = _spans(store, tenant, "lineage_spans", wanted, bounds, _MOST_NODES)
        is_cut = is_cut or len(rows) > _MOST_NODES
        found = _nodes(rows[:_MOST_NODES])
        spans |= found
    return spans, is_cut


def _candidates(
    store: Store,
    tenant: str,
    workflow: Workflow,
    root: str,
    page: Sequence[dict[str, Any]],
    spans: Mapping[SpanId, SpanNode],
) -> list[str]:
    """The events of an instance that may have caused one of these, in their order; none of the others can."""
    traces = {row["trace_id"] for row in page if row["trace_id"]}
    traces |= {trace for node in spans.values() for trace, _ in node.links}
    named = _named(page)
    there = {"named"} if named else set()
    if traces and not any(each.is_trace for each in workflow.keys):
        there.add("traceless")
    rows = store.rows(
        lines_for("correlator", "lineage_candidates", frozenset(there)),
        {
            "tenant": tenant,
            "workflow": workflow.name,
            "instance": root,
            "keys": sorted({key for row in page for key in _leading(row, workflow, root)}),
            "traces": [typed_key(workflow.name, TRACE_KEY, each) for each in sorted(traces)],
            "cloud_ids": sorted(named),
            "limit": _MOST_STEPS + len(page) + 1,
        },
    )
    return [row["event_id"] for row in rows]


def _named(page: Sequence[dict[str, Any]]) -> set[str]:
    """The ids that these events name as their causes and that are not those of others of them, of the same source."""
    there = {(row["cloud_source"], row["cloud_id"]) for row in page}
    return {
        row["caused_by"]
        for row in page
        if row["caused_by"]
        and (row["caused_by"] == row["cloud_id"] or (row["cloud_source"], row["caused_by"]) not in there)
    }


def _step_rows(store: Store, tenant: str, workflow: Workflow, event_ids: Sequence[str]) -> list[dict[str, Any]]:
    if not event_ids:
        return []
    own = {"tenant": tenant, "workflow": workflow.name, "event_ids": list(event_ids)}
    return store.rows(load_query("correlator", "lineage_events"), own)


def _begun_before(events: Iterable[TimelineEvent], rows: Iterable[dict[str, Any]]) -> list[str]:
    """The traces in which a span is named, by an event or by a span below it, that is not among those found."""
    known = {(row["TraceId"], row["SpanId"]) for row in rows}
    named = {(row["TraceId"], row["ParentSpanId"]) for row in rows if row["ParentSpanId"]}
    named |= {(each.trace_id, each.span_id) for each in events if each.trace_id and each.span_id}
    return sorted({trace for trace, _ in named - known})


def _around(times: Iterable[_Bounds]) -> _Bounds:
    """The time in which spans are looked for: from the first of these to the last, and an hour more."""
    starts, ends = zip(*times, strict=True)
    start = max(min(starts), _EARLIEST) - _AROUND_TRACE
    end = min(max(ends), _LATEST) + _AROUND_TRACE
    return start, max(start, end)


def _spans(
    store: Store, tenant: str, query: str, trace_ids: Sequence[str], bounds: _Bounds, limit: int
) -> list[dict[str, Any]]:
    """At most one more than `limit`."""
    return store.rows(
        spliced("correlator", query, spans=spans_of_traces(tenant, trace_ids, bounds)), {"limit": limit + 1}
    )


def _nodes(rows: Iterable[dict[str, Any]]) -> dict[SpanId, SpanNode]:
    return {
        (row["TraceId"], row["SpanId"]): SpanNode(
            (row["TraceId"], row["ParentSpanId"]), tuple(zip(row["link_traces"], row["link_spans"], strict=True))
        )
        for row in rows
    }


def _leading(row: dict[str, Any], workflow: Workflow, root: str) -> tuple[str, ...]:
    """The innermost keys of an event but for those of other instances: these do not make it belong here."""
    roots = typed_key(workflow.name, workflow.root, "")
    return tuple(key for key in row["innermost"] if key == root or not key.startswith(roots))


def _step(row: dict[str, Any], workflow: Workflow, root: str) -> Step:
    trace = row["trace_id"]
    return Step(
        event_id=row["event_id"],
        is_span=row["signal"] == "span",
        span=(trace, row["span_id"]),
        parent=(trace, row["parent_span_id"]),
        typed_keys=tuple(row["typed_keys"]),
        innermost=_leading(row, workflow, root),
        cloud_source=row["cloud_source"],
        cloud_id=row["cloud_id"],
        caused_by=row["caused_by"],
    )
