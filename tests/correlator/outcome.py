"""What stitching has come to, in the words of `spec/stitching.yaml`: read from the tables, compared as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from model import Workflow
from store import Store


@dataclass
class Stitched:
    """By the ids of the spec's events: timelines, unresolved, deliveries, flags, and state by instance; hubs by key."""

    timelines: dict[str, list[str]]
    unresolved: list[str]
    flags: dict[str, list[str]] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    state: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    hubs: list[tuple[str, str]] = field(default_factory=list)


def stitched(store: Store, workflow: Workflow, tenant: str = "default") -> Stitched:
    """Everything the correlator says about a workflow."""
    params = {"tenant": tenant, "workflow": workflow.name}
    where = "WHERE tenant = {tenant:String} AND workflow = {workflow:String}"
    timelines = store.rows(
        f"""SELECT key, arrayMap(x -> x.3,
              arraySort(groupArray((m.occurred_at, m.place, e.attributes['cloudevents.event_id'])))) AS ids
            FROM (SELECT * FROM memberships FINAL {where}) AS m
            INNER JOIN (SELECT event_id, attributes FROM events FINAL {where}) AS e
            ON m.event_id = e.event_id GROUP BY key""",
        params,
    )
    unresolved = store.rows(
        f"""SELECT DISTINCT attributes['cloudevents.event_id'] AS id FROM events FINAL {where} AND event_id IN (
              SELECT event_id FROM waiting FINAL {where}) ORDER BY id""",
        params,
    )
    deliveries = store.rows(
        f"""SELECT e.attributes['cloudevents.event_id'] AS id, toUInt32(sum(copies)) AS n
            FROM (SELECT * FROM event_copies FINAL WHERE tenant = {{tenant:String}}) AS c
            INNER JOIN (SELECT event_id, attributes FROM events FINAL {where}) AS e
            ON c.event_id = e.event_id GROUP BY id""",
        params,
    )
    hubs = store.rows(f"SELECT typed_key FROM hubs FINAL {where} ORDER BY typed_key", params)
    instances = store.rows(f"SELECT * FROM instances FINAL {where}", params)
    for row in instances:
        row["typed_keys"] = sorted(each.split("\x1f", 1)[1] for each in row["typed_keys"])
    state = [
        "status",
        "current_milestone",
        "started_at",
        "last_event_at",
        "completed_at",
        "events",
        "typed_keys",
        "amount",
    ]
    return Stitched(
        timelines={row["key"]: row["ids"] for row in timelines},
        unresolved=[row["id"] for row in unresolved],
        flags={row["key"]: row["flags"] for row in instances if row["flags"]},
        deliveries={row["id"]: row["n"] for row in deliveries},
        hubs=[tuple(row["typed_key"].split("\x1f", 2)[1:]) for row in hubs],
        state={row["key"]: tuple(row[name] for name in state) for row in instances},
    )
