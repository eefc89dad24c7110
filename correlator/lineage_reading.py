"""Reads what lineage is made of: the events of one instance, the spans of their traces and of those linked to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from collector import spans_of_traces
from correlator.lineage import Cause, SpanId, SpanNode, Step, causes, linked_traces
from correlator.splicing import spliced
from model import Workflow
from store import Store, load_query

MOST_TRACES = 500
"""Of one instance; the latest ones."""

_MOST_STEPS = 10_000
_MOST_NODES = 20_000
_MOST_LINKED = 5  # traces in a row, one linked to the next
_AROUND_TRACE = timedelta(hours=1)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2261, 1, 1, tzinfo=UTC)


def instance_causes(store: Store, tenant: str, workflow: Workflow, instance: str) -> list[Cause]:
    """The causes among the events of an instance, named by its typed root key."""
    own: dict[str, Any] = {"tenant": tenant, "workflow": workflow.name, "instance": instance}
    rows = store.rows(load_query("correlator", "lineage_events"), {**own, "limit": _MOST_STEPS})
    traces = store.rows(load_query("correlator", "traces_of_instance"), {**own, "limit": MOST_TRACES})
    return causes([_step(row) for row in rows], _spans_between(store, tenant, rows, traces) if traces else {})


def _spans_between(
    store: Store, tenant: str, steps: list[dict[str, Any]], traces: list[dict[str, Any]]
) -> dict[SpanId, SpanNode]:
    """The spans of these traces, and, in the time in which the events lie, of those that they link to, and so on."""
    wanted = [row["trace_id"] for row in traces]
    known = set(wanted)
    most = len(known) + MOST_TRACES
    found = spans = _nodes(store, tenant, wanted, around(traces))
    bounds = around([{"from_at": row["started_at"], "to_at": row["occurred_at"]} for row in steps])
    for _ in range(_MOST_LINKED):
        wanted = linked_traces(found.values(), known)[: most - len(known)]
        if not wanted:
            break
        known |= set(wanted)
        found = _nodes(store, tenant, wanted, bounds)
        spans |= found
    return spans


def around(traces: list[dict[str, Any]]) -> tuple[datetime, datetime]:
    """The time in which the spans of these traces are looked for: that of the events in them and an hour more."""
    start = max(min(row["from_at"] for row in traces), _EARLIEST) - _AROUND_TRACE
    end = min(max(row["to_at"] for row in traces), _LATEST) + _AROUND_TRACE
    return start, max(start, end)


def _nodes(
    store: Store, tenant: str, trace_ids: list[str], bounds: tuple[datetime, datetime]
) -> dict[SpanId, SpanNode]:
    query = spliced("lineage_spans", spans=spans_of_traces(tenant, trace_ids, bounds))
    return {
        (row["TraceId"], row["SpanId"]): SpanNode(
            (row["TraceId"], row["ParentSpanId"]), tuple(zip(row["link_traces"], row["link_spans"], strict=True))
        )
        for row in store.rows(query, {"limit": _MOST_NODES})
    }


def _step(row: dict[str, Any]) -> Step:
    trace, is_span = row["trace_id"], row["signal"] == "span"
    return Step(
        event_id=row["event_id"],
        is_span=is_span,
        span=(trace, row["span_id"]),
        parent=(trace, row["parent_span_id"] if is_span else row["span_id"]),
        typed_keys=tuple(row["typed_keys"]),
        innermost=tuple(row["innermost"]),
        cloud_source=row["cloud_source"],
        cloud_id=row["cloud_id"],
        caused_by=row["caused_by"],
    )
