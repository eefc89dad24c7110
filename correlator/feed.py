"""What the SLA engine reads of derived data, as statements to build on: changes, events, how far systems have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from model import Workflow
from store import Sql, Store, load_query, spliced


def changed_instances(after: int, upto: int) -> Sql:
    """tenant, workflow, key of the instances recomputed with after < version <= upto, once each."""
    return Sql(load_query("correlator", "changed_instances"), {"touched_after": after, "touched_upto": upto})


def switches(store: Store, tenant: str, after: int, upto: int) -> dict[str, datetime]:
    """The workflows whose rebuild was switched with after < version <= upto, and when that rebuild had begun."""
    rows = store.rows(load_query("correlator", "switches"), {"tenant": tenant, "after": after, "upto": upto})
    return {row["workflow"]: row["begun_at"] for row in rows}


def switched_instances(tenant: str, after: int, upto: int) -> Sql:
    """workflow, key of the instances that only the switch of a rebuild has recomputed with after < version <= upto."""
    own = {"switched_tenant": tenant, "switched_after": after, "switched_upto": upto}
    return Sql(load_query("correlator", "switched_instances"), own)


def known_instances(tenant: str) -> Sql:
    """tenant, workflow, key of every instance of a tenant: the feed of changes forgets after a month."""
    return Sql(load_query("correlator", "known_instances"), {"known_tenant": tenant})


def latest_version(store: Store, tenant: str) -> int:
    """The version of the last finished tick, microseconds since 1970, strictly increasing; 0 where there is none."""
    return int(store.value(load_query("correlator", "latest_version"), {"tenant": tenant}) or 0)


def instance_events(tenant: str, workflow: Workflow, keys: Sql) -> Sql:
    """The events of the instances named by `keys` (a sub-SELECT of one column `key`), one row per instance and event.

    Columns: tenant, workflow, key, event_id, milestone, place, occurred_at, received_at, system, kind, outcome,
    keys Map(LowCardinality(String), Array(String)), attributes Map(LowCardinality(String), String), flags Array.
    """
    own = {"events_tenant": tenant, "events_workflow": workflow.name, "events_root": workflow.root}
    query = spliced("correlator", "instance_events", keys=keys)
    return Sql(query.text, {**query.params, **own})


def lost_events(tenant: str, workflow: Workflow, keys: Sql, after: int) -> Sql:
    """event_id, milestone of events the instances named by `keys` no longer have, or have in another version.

    `after` (exclusive) is the version since which that is asked; `keys` is as in `instance_events`.
    """
    query = spliced("correlator", "lost_events", keys=keys)
    own = {"lost_tenant": tenant, "lost_workflow": workflow.name, "lost_root": workflow.root, "lost_after": after}
    return Sql(query.text, {**query.params, **own})


def instances_at(tenant: str, workflow: Workflow, milestones: Sequence[str], minutes: Sql) -> Sql:
    """key of the instances with an event of one of the milestones in one of `minutes` (a sub-SELECT of one column)."""
    query = spliced("correlator", "instances_at", minutes=minutes)
    own = {"at_tenant": tenant, "at_workflow": workflow.name, "at_milestones": list(milestones)}
    return Sql(query.text, {**query.params, **own})


def system_progress(tenant: str, as_of: datetime) -> Sql:
    """system, seen_at: the latest event of each declared system, not future-dated and not after `as_of`."""
    return Sql(load_query("correlator", "system_progress"), {"progress_tenant": tenant, "progress_as_of": as_of})


def system_minutes(tenant: str, since: datetime) -> Sql:
    """system, minute, seen_at: when each declared system was heard since an instant, the last time in each minute."""
    return Sql(load_query("correlator", "system_minutes"), {"minutes_tenant": tenant, "minutes_since": since})


def reached_values(tenant: str, workflow: Workflow, key_type: str, events: Sql) -> Sql:
    """event_id, value: the values of `key_type` that each event carries or reaches inward over links, once each.

    `events` is a sub-SELECT of one column `event_id`, of events of this workflow. Links hold within their windows, hop
    by hop.
    """
    levels = len(workflow.keys) - 1 - workflow.key_type(key_type).rank
    walks = [spliced("correlator", "reached_from_events", events=events)]
    for _ in range(levels):
        walks.append(spliced("correlator", "reached_hop", reached=walks[-1]))
    reached = spliced("correlator", "reached_values", walks=Sql.joined(walks, "UNION ALL"))
    own = {
        "reached_tenant": tenant,
        "reached_workflow": workflow.name,
        "reached_prefix": f"{workflow.name}\x1f{key_type}\x1f",
    }
    return Sql(reached.text, {**reached.params, **own})
