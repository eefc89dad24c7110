"""The one builder of the list of instances: its filters as conditions, its page as a position."""

from __future__ import annotations

from correlator.lookup import stitched_values
from correlator.rows import InstanceFilter
from model import INT64, TEXT, Workflow, is_blank, position_of
from store import Sql


def instance_page(tenant: str, workflow: Workflow | str, where: InstanceFilter, limit: int, cursor: str | None) -> Sql:
    """One instance more than `limit` of those that pass the filter, newest `last_event_at` first, then by key."""
    name = workflow if isinstance(workflow, str) else workflow.name
    own = {"tenant": tenant, "workflow": name, "limit": limit + 1}
    conditions = [Sql("tenant = {tenant:String} AND workflow = {workflow:String}", own), *_conditions(where)]
    if where.q:
        conditions.append(_prefix_of_any(workflow, where.q))
    if cursor is not None:
        at, key = position_of(("instances", name), cursor, (INT64, TEXT))
        conditions.append(
            Sql(
                "(toUnixTimestamp64Micro(last_event_at) < {after_us:Int64} OR "
                "(toUnixTimestamp64Micro(last_event_at) = {after_us:Int64} AND key > {after_key:String}))",
                {"after_us": at, "after_key": key},
            )
        )
    page = Sql("ORDER BY last_event_at DESC, key LIMIT {limit:UInt32}")
    return Sql("SELECT * FROM instances FINAL WHERE") + Sql.joined(conditions, "AND") + page


def _conditions(where: InstanceFilter) -> list[Sql]:
    found = []
    if where.status:
        found.append(Sql("status IN {statuses:Array(String)}", {"statuses": list(where.status)}))
    if where.milestone:
        found.append(Sql("current_milestone IN {milestones:Array(String)}", {"milestones": list(where.milestone)}))
    if where.system:
        found.append(Sql("hasAny(systems, {systems:Array(String)})", {"systems": list(where.system)}))
    if where.started_after is not None:
        found.append(Sql("started_at >= {started_after:DateTime64(6)}", {"started_after": where.started_after}))
    if where.started_before is not None:
        found.append(Sql("started_at < {started_before:DateTime64(6)}", {"started_before": where.started_before}))
    if where.restrict is not None:
        found.append(Sql("key IN (") + where.restrict + Sql(")"))
    return found


def _prefix_of_any(workflow: Workflow | str, texts: tuple[str, ...]) -> Sql:
    """Key values by index, then the instance's own keys, which have the last word.

    What a text is normalized to counts for the key types that normalize it so.
    """
    types: dict[str, list[str]] = {}  # by value; none: whatever the type
    for text in texts:
        if isinstance(workflow, str) and not is_blank(text):
            types[text] = []
        for key in () if isinstance(workflow, str) else workflow.keys:
            for value in stitched_values(key, text):
                types.setdefault(value, []).append(key.name)
    if not types:
        return Sql("0")
    params: dict[str, object] = {}
    for number, value in enumerate(types):
        params |= {f"q_{number}": value, f"types_{number}": types[value]}
    indexed = _any_prefix(len(types), "value", "key_type")
    own = _any_prefix(len(types), "v", "t")
    return Sql(
        "(key IN (SELECT key FROM instance_keys WHERE tenant = {tenant:String} AND workflow = {workflow:String} "
        f"AND ({indexed})) AND arrayExists((t, v) -> {own}, "
        "arrayMap(k -> splitByChar(char(31), k)[2], typed_keys), "
        "arrayMap(k -> substring(k, position(k, char(31), position(k, char(31)) + 1) + 1), typed_keys)))",
        params,
    )


def _any_prefix(count: int, value: str, key_type: str) -> str:
    return " OR ".join(
        f"(startsWith({value}, {{q_{n}:String}}) AND (empty({{types_{n}:Array(String)}}) OR "
        f"has({{types_{n}:Array(String)}}, {key_type})))"
        for n in range(count)
    )
