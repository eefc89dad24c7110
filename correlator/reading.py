"""Instances and their timelines as typed rows, for dashboard, API and alerting; always within one tenant.

A key or search text is looked up as it is, and normalized as the key types declare. Lists are paged by position, never
by offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from correlator.lineage import Cause
from correlator.lineage_reading import causes_on_page, spans_of_page
from correlator.linked_by import Link, linked_by
from correlator.lookup import root_values, stitched_values
from correlator.rows import (
    Found,
    Hub,
    InstanceFilter,
    InstanceRow,
    MilestoneReached,
    SpanRow,
    TimelineEvent,
    UnresolvedEvent,
)
from correlator.selection import instance_page
from correlator.stuck import Patience
from correlator.typed_key import by_type, innermost, split_typed_key, typed_key
from model import (
    INT64,
    TEXT,
    UINT8,
    UINT16,
    Catalog,
    Clock,
    Milestone,
    Outcome,
    SystemClock,
    Workflow,
    cursor_of,
    microseconds,
    position_of,
)
from store import Sql, Store, lines_for, load_query, side_by_side, spliced

_FIRST_US = -(1 << 62)
_HUBS = ("hubs",)
_UNRESOLVED = ("unresolved",)
_MOST_LINKS = 50_000
_MOST_PROOFS = 1_000  # of one link; only the earliest is read of one that holds for ever


class InstanceReader:
    """Reads what ticks have derived; a `next_cursor` of None means that there is no more."""

    def __init__(self, store: Store, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()
        self._patience = Patience(store, self._clock)

    def workflow_counts(self, tenant: str) -> dict[str, dict[str, int]]:
        """Instances by workflow and status; a status without instances is missing."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._rows("workflow_counts", tenant=tenant):
            counts.setdefault(row["workflow"], {})[row["status"]] = row["instances"]
        return counts

    def milestone_counts(self, tenant: str) -> dict[str, dict[str, int]]:
        """Instances in progress by workflow and current milestone; a milestone where none stands is missing."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._rows("milestone_counts", tenant=tenant):
            counts.setdefault(row["workflow"], {})[row["milestone"]] = row["instances"]
        return counts

    def open_among(self, tenant: str, named: Sql) -> dict[str, int]:
        """Instances in progress by workflow, of those named by a SELECT of `workflow` and `key`; a workflow without
        any is missing.
        """
        rows = self._store.rows(spliced("correlator", "open_among", named=named), {"tenant": tenant})
        return {row["workflow"]: row["instances"] for row in rows}

    def instances(
        self,
        tenant: str,
        workflow: Workflow | str,
        where: InstanceFilter,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[InstanceRow], str | None]:
        """Instances, newest `last_event_at` first, then by key.

        Where the definition is given, `q` is normalized and `stuck` is among the flags.
        """
        rows = self._store.rows(instance_page(tenant, workflow, where, limit, cursor))
        page = self._flagged(tenant, rows[:limit], {} if isinstance(workflow, str) else {workflow.name: workflow})
        if len(rows) <= limit or not page:
            return page, None
        name = workflow if isinstance(workflow, str) else workflow.name
        return page, cursor_of(("instances", name), [microseconds(page[-1].last_event_at), page[-1].key])

    def instance(self, tenant: str, workflow: Workflow, key: str) -> InstanceRow | None:
        """The instance of exactly that key, else of the key normalized; None where there is none."""
        names = root_values(workflow, key)
        wanted = [(workflow.name, name) for name in names]
        found = {each.key: each for each in self._by_key(tenant, wanted, {workflow.name: workflow})}
        return next((found[name] for name in names if name in found), None)

    def milestones(self, tenant: str, workflow: Workflow, key: str) -> list[MilestoneReached]:
        """All declared milestones in their order: when the instance first reached each, how often, for how long."""
        instance = self.instance(tenant, workflow, key)
        if instance is None:
            return [_milestone(each, None, None, self._clock.now()) for each in workflow.milestones]
        return self.milestones_of(tenant, workflow, [instance])[instance.key]

    def milestones_of(
        self, tenant: str, workflow: Workflow, instances: Sequence[InstanceRow]
    ) -> dict[str, list[MilestoneReached]]:
        """The same for several instances of a workflow, by their keys, in one query."""
        if not instances:
            return {}
        names = [typed_key(workflow.name, workflow.root, each.key) for each in instances]
        rows = self._rows("milestones_reached", tenant=tenant, instances=names)
        reached = {(row["key"], row["milestone"]): row for row in rows}
        now = self._clock.now()
        return {
            instance.key: [
                _milestone(each, reached.get((instance.key, each.id)), instance, now) for each in workflow.milestones
            ]
            for instance in instances
        }

    def timeline(
        self, tenant: str, workflow: Workflow, key: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[TimelineEvent], str | None]:
        """The instance's events by (occurred_at, place of the milestone, event id)."""
        instance = self._named(tenant, workflow, key)
        of, kinds = ("timeline", instance), (INT64, UINT16, TEXT)
        at, place, event_id = (_FIRST_US, 0, "") if cursor is None else position_of(of, cursor, kinds)
        rows = self._rows(
            "timeline",
            tenant=tenant,
            instance=instance,
            after_us=at,
            after_place=place,
            after_id=event_id,
            limit=limit + 1,
        )
        # The links depend on the keys alone, so nobody need wait for the events themselves.
        (page, deliveries), links = side_by_side(
            lambda: (self._events(tenant, [workflow.name], rows[:limit]), self._deliveries(tenant, rows[:limit])),
            lambda: self._links(tenant, workflow, instance, rows[:limit]),
        )
        events = [_event(row, row["member_flags"], deliveries, links, instance) for row in page]
        if len(rows) <= limit or not page:
            return events, None
        last = page[-1]
        return events, cursor_of(of, [microseconds(last["occurred_at"]), last["place"], last["event_id"]])

    def spans(self, tenant: str, events: Sequence[TimelineEvent], limit: int = 5000) -> tuple[list[SpanRow], bool]:
        """The spans of the traces that these events carry, by start, at most `limit`; and whether there are more."""
        rows, is_cut = spans_of_page(self._store, tenant, "spans", events, limit)
        return [_span(row) for row in rows], is_cut

    def causes(
        self, tenant: str, workflow: Workflow, instance: InstanceRow, events: Sequence[TimelineEvent]
    ) -> tuple[list[Cause], bool]:
        """What caused these events of the instance, in their order; and whether there may be more causes."""
        return causes_on_page(self._store, tenant, workflow, instance, events)

    def hubs(
        self, tenant: str, catalog: Catalog, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Hub], str | None]:
        """Aliases of the catalog's workflows that lead to too many instances, by workflow, key type and value."""
        (after,) = ("",) if cursor is None else position_of(_HUBS, cursor, (TEXT,))
        rows = self._rows("hubs", tenant=tenant, workflows=_names(catalog), after_key=after, limit=limit + 1)
        page = [
            Hub(*split_typed_key(row["typed_key"]), row["links"], row["events"], row["found_at"])
            for row in rows[:limit]
        ]
        return page, cursor_of(_HUBS, [rows[limit - 1]["typed_key"]]) if len(rows) > limit else None

    def search(
        self, tenant: str, catalog: Catalog, q: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Found], str | None]:
        """Instances of all workflows by key value: exact matches first, then prefixes; once for each matching value."""
        wanted = _wanted(catalog, q)
        if not wanted:
            return [], None
        of, kinds = ("search", q), (UINT8, TEXT, TEXT, TEXT, TEXT)
        position = (0, "", "", "", "") if cursor is None else position_of(of, cursor, kinds)
        position_names = ("after_rank", "after_value", "after_workflow", "after_type", "after_key")
        rows = self._store.rows(
            spliced("correlator", "search", prefixes=_prefixes(wanted)),
            {
                "tenant": tenant,
                "exact": [typed_key(*each, value) for value, types in wanted.items() for each in types],
                "limit": limit + 1,
                **dict(zip(position_names, position, strict=True)),
            },
        )
        page = rows[:limit]
        workflows = {each.name: each for each in catalog.workflows}
        names = [(row["workflow"], row["key"]) for row in page]
        instances = {(each.workflow, each.key): each for each in self._by_key(tenant, names, workflows)}
        found = []
        for row in page:
            instance = instances.get((row["workflow"], row["key"]))
            if instance is not None and row["value"] in instance.keys.get(row["key_type"], []):
                found.append(Found(instance, row["key_type"], row["value"]))
        if len(rows) <= limit:
            return found, None
        return found, cursor_of(of, [page[-1][name] for name in ("rank", "value", "workflow", "key_type", "key")])

    def unresolved(
        self, tenant: str, catalog: Catalog, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[UnresolvedEvent], str | None]:
        """Events of the catalog's workflows of which an innermost value leads nowhere yet, by workflow and event id."""
        workflow, event_id = ("", "") if cursor is None else position_of(_UNRESOLVED, cursor, (TEXT, TEXT))
        rows = self._rows(
            "unresolved",
            tenant=tenant,
            workflows=_names(catalog),
            after_workflow=workflow,
            after_id=event_id,
            limit=limit + 1,
        )
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
        return events, cursor_of(_UNRESOLVED, [page[-1]["workflow"], page[-1]["event_id"]])

    def systems_seen(self, tenant: str) -> dict[str, datetime]:
        """The latest event time of each declared system, future-dated events left out."""
        return {row["system"]: row["seen_at"] for row in self._rows("systems_seen", tenant=tenant)}

    def _rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        return self._store.rows(load_query("correlator", query), params)

    def _named(self, tenant: str, workflow: Workflow, key: str) -> str:
        """The typed root key that `key` stands for; looked up only where it may stand for several."""
        names = root_values(workflow, key)
        if len(names) > 1:
            instance = self.instance(tenant, workflow, key)
            names = (key if instance is None else instance.key,)
        return typed_key(workflow.name, workflow.root, names[0] if names else key)

    def _by_key(
        self, tenant: str, names: list[tuple[str, str]], workflows: Mapping[str, Workflow]
    ) -> list[InstanceRow]:
        if not names:
            return []
        rows = self._rows(
            "instances_by_key", tenant=tenant, workflows=[each[0] for each in names], keys=[each[1] for each in names]
        )
        return self._flagged(tenant, rows, workflows)

    def _flagged(self, tenant: str, rows: list[dict[str, Any]], workflows: Mapping[str, Workflow]) -> list[InstanceRow]:
        """Instances with the flags that are not stored: what becomes a hub or is stuck touches no instance."""
        hubs = self._hubs_among(tenant, rows)
        found = []
        for row in rows:
            each = _instance(row)
            flags = set(each.flags)
            if not hubs.isdisjoint(row["typed_keys"]):
                flags.add("hub")
            workflow = workflows.get(each.workflow)
            if workflow is not None and self._patience.is_stuck(
                tenant, workflow, each.status, each.current_milestone, each.last_event_at
            ):
                flags.add("stuck")
            found.append(replace(each, flags=sorted(flags)))
        return found

    def _hubs_among(self, tenant: str, rows: list[dict[str, Any]]) -> set[str]:
        if not rows or not self._store.value(load_query("correlator", "count_hubs"), {"tenant": tenant}):
            return set()
        keys = sorted({key for row in rows for key in row["typed_keys"]})
        return {row["typed_key"] for row in self._rows("hubs_among", tenant=tenant, typed_keys=keys)}

    def _events(self, tenant: str, workflows: list[str], named: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of these events, with what is said of each besides, in the same order; unknown ones are left out."""
        if not named:
            return []
        ids = [row["event_id"] for row in named]
        found = {
            row["event_id"]: row
            for row in self._rows("events_by_id", tenant=tenant, workflows=workflows, event_ids=ids)
        }
        return [found[row["event_id"]] | row for row in named if row["event_id"] in found]

    def _deliveries(self, tenant: str, page: list[dict[str, Any]]) -> dict[str, int]:
        if not page:
            return {}
        prefixes = [int(row["event_id"][:16], 16) for row in page]
        rows = self._rows("deliveries", tenant=tenant, id_prefixes=prefixes)
        return {row["event_id"]: row["deliveries"] for row in rows}

    def _links(
        self, tenant: str, workflow: Workflow, instance: str, page: list[dict[str, Any]]
    ) -> dict[str, list[Link]]:
        """The links inward from the innermost values of these events to the instance, as far as they go."""
        links: dict[str, list[Link]] = {}
        roots = typed_key(workflow.name, workflow.root, "")
        frontier = {key for row in page for key in innermost(row["member_keys"]) if not key.startswith(roots)}
        if not frontier:
            return links
        [put_right] = self._rows("put_right")
        statement = lines_for("correlator", "links_from", frozenset(name for name, count in put_right.items() if count))
        times = [microseconds(row["occurred_at"]) for row in page]
        # Every hop may lead on to a time as far away as its window.
        away = sum((each.window for each in workflow.keys if each.window), timedelta(0)) // timedelta(microseconds=1)
        bounds = {"from_us": min(times) - away, "to_us": max(times) + away}
        target = {"tenant": tenant, "root": instance, "roots": roots, **bounds}
        while frontier:
            params = {"outer_keys": sorted(frontier), "proofs": _MOST_PROOFS, "limit": _MOST_LINKS, **target}
            rows = self._store.rows(statement, params)
            for row in rows:
                links.setdefault(row["outer_key"], []).append(Link(**row))
            frontier = {row["inner_key"] for row in rows if row["inner_key"] != instance} - links.keys()
        return links


def _names(catalog: Catalog) -> list[str]:
    return [each.name for each in catalog.workflows]


def _milestone(
    declared: Milestone, row: dict[str, Any] | None, instance: InstanceRow | None, now: datetime
) -> MilestoneReached:
    if row is None:
        return MilestoneReached(declared.id, None, declared.system, 0, timedelta(0))
    rested = timedelta(microseconds=row["rested_us"])
    if instance and instance.status == Outcome.IN_PROGRESS and instance.current_milestone == declared.id:
        rested += max(now - instance.last_event_at, timedelta(0))
    return MilestoneReached(declared.id, row["reached_at"], row["reported_by"] or None, row["times"], rested)


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
        retries=row["retries"],
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
