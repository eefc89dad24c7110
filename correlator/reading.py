"""Instances and their timelines as typed rows, for dashboard, API and alerting; always within one tenant.

A key or search text is normalized first, as the key types declare. Lists are paged by position, never by offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from collector import spans_of_traces
from correlator.cursor import decoded, encoded, microseconds
from correlator.linked_by import Link, linked_by
from correlator.lookup import root_values, stitched_values
from correlator.rows import (
    Found,
    InstanceFilter,
    InstanceRow,
    MilestoneReached,
    SpanRow,
    TimelineEvent,
    UnresolvedEvent,
)
from correlator.selection import instance_page
from correlator.splicing import spliced
from correlator.typed_key import by_type, split_typed_key, typed_key
from model import Catalog, Workflow
from store import Sql, Store, load_query

_FIRST_US = -(1 << 62)
_MOST_LINKS = 20_000
_MOST_TRACES = 500
_AROUND_TRACE = timedelta(hours=1)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2261, 1, 1, tzinfo=UTC)


class InstanceReader:
    """Reads what ticks have derived; a `next_cursor` of None means that there is no more."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def workflow_counts(self, tenant: str) -> dict[str, dict[str, int]]:
        """Instances by workflow and status; a status without instances is missing."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._rows("workflow_counts", tenant=tenant):
            counts.setdefault(row["workflow"], {})[row["status"]] = row["instances"]
        return counts

    def milestone_counts(self, tenant: str, workflow: str) -> dict[str, int]:
        """Instances in progress by current milestone."""
        rows = self._rows("milestone_counts", tenant=tenant, workflow=workflow)
        return {row["milestone"]: row["instances"] for row in rows}

    def instances(
        self,
        tenant: str,
        workflow: Workflow | str,
        where: InstanceFilter,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[InstanceRow], str | None]:
        """Instances, newest `last_event_at` first, then by key. `q` is normalized where the definition is given."""
        rows = self._store.rows(instance_page(tenant, workflow, where, limit, cursor))
        page = [_instance(row) for row in rows[:limit]]
        more = len(rows) > limit and page
        return page, encoded([microseconds(page[-1].last_event_at), page[-1].key]) if more else None

    def instance(self, tenant: str, workflow: Workflow, key: str) -> InstanceRow | None:
        """The instance of that key, which is normalized first; None where there is none."""
        names = root_values(workflow, key)
        found = {each.key: each for each in self._by_key(tenant, [(workflow.name, name) for name in names])}
        return next((found[name] for name in names if name in found), None)

    def milestones(self, tenant: str, workflow: Workflow, key: str) -> list[MilestoneReached]:
        """All declared milestones in their order, with the first time the instance reached each."""
        rows = self._rows("milestones_reached", tenant=tenant, instance=self._named(tenant, workflow, key))
        reached = {row["milestone"]: row for row in rows}
        return [
            MilestoneReached(
                each.id,
                reached[each.id]["reached_at"] if each.id in reached else None,
                reached[each.id]["reported_by"] if each.id in reached else each.system,
            )
            for each in workflow.milestones
        ]

    def timeline(
        self, tenant: str, workflow: Workflow, key: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[TimelineEvent], str | None]:
        """The instance's events by (occurred_at, place of the milestone, event id)."""
        instance = self._named(tenant, workflow, key)
        at, place, event_id = decoded(cursor, (int, int, str)) if cursor else (_FIRST_US, 0, "")
        rows = self._rows(
            "timeline",
            tenant=tenant,
            workflow=workflow.name,
            instance=instance,
            after_us=at,
            after_place=place,
            after_id=event_id,
            limit=limit + 1,
        )
        page = rows[:limit]
        links = self._links(tenant, [row for row in page if row["innermost_rank"] not in {0, 255}], len(workflow.keys))
        deliveries = self._deliveries(tenant, page)
        events = [_event(row, row["member_flags"], deliveries, links, instance) for row in page]
        if len(rows) <= limit or not page:
            return events, None
        last = page[-1]
        return events, encoded([microseconds(last["occurred_at"]), last["place"], last["event_id"]])

    def spans(self, tenant: str, workflow: Workflow, key: str, limit: int = 5000) -> list[SpanRow]:
        """All spans of the traces that the instance's events carry, by start; at most `limit`, of the latest traces."""
        instance = self._named(tenant, workflow, key)
        traces = self._rows(
            "traces_of_instance", tenant=tenant, workflow=workflow.name, instance=instance, limit=_MOST_TRACES
        )
        if not traces:
            return []
        start = max(min(row["from_at"] for row in traces), _EARLIEST) - _AROUND_TRACE
        end = min(max(row["to_at"] for row in traces), _LATEST) + _AROUND_TRACE
        spans = spans_of_traces(tenant, [row["trace_id"] for row in traces], (start, max(start, end)))
        return [_span(row) for row in self._store.rows(spliced("spans", spans=spans), {"limit": limit})]

    def search(
        self, tenant: str, catalog: Catalog, q: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Found], str | None]:
        """Instances of all workflows by key value: exact matches first, then prefixes; once for each matching value."""
        wanted = _wanted(catalog, q)
        if not wanted:
            return [], None
        position = decoded(cursor, (int, str, str, str, str)) if cursor else (0, "", "", "", "")
        names = ("after_rank", "after_value", "after_workflow", "after_type", "after_key")
        rows = self._store.rows(
            spliced("search", prefixes=_prefixes(wanted)),
            {
                "tenant": tenant,
                "exact": [typed_key(*each, value) for value, types in wanted.items() for each in types],
                "limit": limit + 1,
                **dict(zip(names, position, strict=True)),
            },
        )
        page = rows[:limit]
        instances = {
            (each.workflow, each.key): each
            for each in self._by_key(tenant, [(row["workflow"], row["key"]) for row in page])
        }
        found = []
        for row in page:
            instance = instances.get((row["workflow"], row["key"]))
            if instance is not None and row["value"] in instance.keys.get(row["key_type"], []):
                found.append(Found(instance, row["key_type"], row["value"]))
        if len(rows) <= limit:
            return found, None
        return found, encoded([page[-1][name] for name in ("rank", "value", "workflow", "key_type", "key")])

    def unresolved(
        self, tenant: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[UnresolvedEvent], str | None]:
        """Events one of whose innermost values leads nowhere yet, in order of workflow and event id."""
        workflow, event_id = decoded(cursor, (str, str)) if cursor else ("", "")
        rows = self._rows("unresolved", tenant=tenant, after_workflow=workflow, after_id=event_id, limit=limit + 1)
        page = rows[:limit]
        deliveries = self._deliveries(tenant, page)
        events = [
            UnresolvedEvent(
                row["workflow"],
                _event(row, row["flags"], deliveries, {}, ""),
                [split_typed_key(each)[1:] for each in row["waiting_for"] if each],
            )
            for row in page
        ]
        if len(rows) <= limit:
            return events, None
        return events, encoded([page[-1]["workflow"], page[-1]["event_id"]])

    def systems_seen(self, tenant: str) -> dict[str, datetime]:
        """The latest event time of each declared system, future-dated events left out."""
        return {row["system"]: row["seen_at"] for row in self._rows("systems_seen", tenant=tenant)}

    def _rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        return self._store.rows(load_query("correlator", query), params)

    def _named(self, tenant: str, workflow: Workflow, key: str) -> str:
        instance = self.instance(tenant, workflow, key)
        return typed_key(workflow.name, workflow.root, key if instance is None else instance.key)

    def _by_key(self, tenant: str, names: list[tuple[str, str]]) -> list[InstanceRow]:
        if not names:
            return []
        rows = self._rows(
            "instances_by_key", tenant=tenant, workflows=[each[0] for each in names], keys=[each[1] for each in names]
        )
        return [_instance(row) for row in rows]

    def _deliveries(self, tenant: str, page: list[dict[str, Any]]) -> dict[str, int]:
        if not page:
            return {}
        rows = self._rows("deliveries", tenant=tenant, event_ids=[row["event_id"] for row in page])
        return {row["event_id"]: row["deliveries"] for row in rows}

    def _links(self, tenant: str, page: list[dict[str, Any]], rounds: int) -> dict[str, list[Link]]:
        """The links inward from the innermost values of these events, as far as they go."""
        links: dict[str, list[Link]] = {}
        frontier = {key for row in page for key in row["innermost"]}
        for _ in range(rounds):
            if not frontier:
                break
            rows = self._rows("links_from", tenant=tenant, outer_keys=sorted(frontier), limit=_MOST_LINKS)
            for row in rows:
                links.setdefault(row["outer_key"], []).append(Link(**row))
            frontier = {row["inner_key"] for row in rows} - links.keys()
        return links


def _wanted(catalog: Catalog, q: str) -> dict[str, list[tuple[str, str]]]:
    """What `q` may be stitched as, and in which key types of which workflows."""
    wanted: dict[str, list[tuple[str, str]]] = {}
    for workflow in catalog.workflows:
        for key in workflow.keys:
            for value in stitched_values(key, q):
                wanted.setdefault(value, []).append((workflow.name, key.name))
    return wanted


def _prefixes(wanted: dict[str, list[tuple[str, str]]]) -> Sql:
    parts = [
        Sql(
            f"(startsWith(value, {{prefix_{number}:String}})"
            f" AND concat(workflow, char(31), key_type) IN {{types_{number}:Array(String)}})",
            {f"prefix_{number}": value, f"types_{number}": ["\x1f".join(each) for each in types]},
        )
        for number, (value, types) in enumerate(wanted.items())
    ]
    return Sql.joined(parts, "OR")


def _instance(row: dict[str, Any]) -> InstanceRow:
    return InstanceRow(
        workflow=row["workflow"],
        key=row["key"],
        status=row["status"],
        current_milestone=row["current_milestone"] or None,
        started_at=row["started_at"],
        last_event_at=row["last_event_at"],
        completed_at=row["completed_at"],
        amount=row["amount"] or None,
        currency=row["currency"] or None,
        keys=by_type(row["typed_keys"]),
        systems=list(row["systems"]),
        flags=list(row["flags"]),
        definition=row["definition"],
    )


def _event(
    row: dict[str, Any], flags: Iterable[str], deliveries: dict[str, int], links: dict[str, list[Link]], instance: str
) -> TimelineEvent:
    starts = microseconds(row["occurred_at"]) if row["keeps_time"] else 0
    return TimelineEvent(
        event_id=row["event_id"],
        occurred_at=row["occurred_at"],
        started_at=row["started_at"],
        received_at=row["received_at"],
        milestone=row["milestone"],
        kind=row["kind"],
        system=row["system"],
        outcome=row["outcome"] or None,
        source=row["source"],
        keys=by_type(row["typed_keys"]),
        trace_id=row["trace_id"] or None,
        span_id=row["span_id"] or None,
        attributes=dict(row["attributes"]),
        deliveries=deliveries.get(row["event_id"], 0),
        flags=list(flags),
        linked_by=linked_by(row["innermost"], starts, instance, links) if links else [],
    )


def _span(row: dict[str, Any]) -> SpanRow:
    duration = timedelta(microseconds=row["duration_us"])
    return SpanRow(
        trace_id=row["TraceId"],
        span_id=row["SpanId"],
        parent_span_id=row["ParentSpanId"],
        name=row["SpanName"],
        kind=row["SpanKind"],
        service=row["ServiceName"],
        status=row["status"],
        started_at=row["started_at"],
        ended_at=row["started_at"] + duration,
        duration_us=row["duration_us"],
        attributes=dict(row["SpanAttributes"]),
    )
