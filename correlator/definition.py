"""The definition by which a workflow's derived rows are made, and what happens when the catalog has another one.

Rows that received data still covers are dropped and derived again by the next ticks; older rows stay as they are. The
record of the new definition is written last, so a crash in between drops again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from collector import committed_segments
from correlator.feed import latest_version
from correlator.splicing import spliced
from model import Workflow
from store import Store, load_query

_TABLES = ("events", "event_keys", "event_copies", "key_links", "key_links_by_inner", "memberships", "waiting")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def adopt(store: Store, tenant: str, workflow: Workflow, now: datetime) -> bool:
    """Make `workflow` the definition in force; True where it was not yet, and what it covers will be stitched again."""
    params = {"tenant": tenant, "workflow": workflow.name}
    known = store.value(load_query("correlator", "stitched_definition"), params)
    if known == workflow.hash:
        return False
    if known is not None:
        _drop(store, tenant, workflow, now)
    store.insert(
        "stitched_definitions",
        ("tenant", "workflow", "definition", "since"),
        [(tenant, workflow.name, workflow.hash, now)],
    )
    return True


def _drop(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    params = {"tenant": tenant, "workflow": workflow.name}
    covered = store.value(spliced("covered_from", segments=committed_segments()), {"tenant": tenant})
    if covered is None or covered <= _EPOCH:
        covered = now
    for table in _TABLES:
        store.execute(
            f"DELETE FROM {table} WHERE tenant = {{tenant:String}} AND workflow = {{workflow:String}} "
            "AND received_at >= {covered:DateTime64(6)}",
            {**params, "covered": covered},
        )
    for table in ("superseded", "stitched_segments"):
        store.execute(
            f"DELETE FROM {table} WHERE tenant = {{tenant:String}} AND workflow = {{workflow:String}}", params
        )
    version = max(int(now.timestamp() * 1_000_000), latest_version(store, tenant) + 2)
    for query in ("touch_all", "forget_instances", "write_remaining_instances"):
        text = load_query("correlator", query)
        store.execute(text, {**params, "version": version} if "{version:" in text else params)
    store.insert(
        "correlator_ticks",
        ("tenant", "version", "at", "segments", "events", "instances"),
        [(tenant, version, now, 0, 0, 0)],
    )
