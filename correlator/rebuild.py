"""A workflow derived again from what was received, beside its live rows, which readers see until it is complete.

 1. The rows are made under a tenant of their own (`shadow_tenant`), by the same statements, batch by batch, so memory
    is bounded as in any tick. Rows that received data no longer covers are first copied there: links proven long ago
    go on leading to their orders.
 2. Meanwhile live segments are stitched into both, unless the definition has changed: then the live rows rest.
 3. When no segment is left, the rows are switched within one tick, table by table: the new ones are added to the live
    table, marked with the rebuild's generation, and then those without that mark taken away. Nobody reads an empty
    timeline.
    Meanwhile no parts are merged: of an old and a new row of one event the engine would keep the larger content, which
    may be the old one, to be taken away thereafter. Nor does taking away have to wait for merges.
 4. Every step can be repeated. A rebuild that is begun and not finished goes on after a crash; one whose definition is
    no longer the catalog's begins anew.

It tells no one: every instance is put into the feed of changes once, after the switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from collector import committed_segments
from correlator.feed import latest_version
from correlator.splicing import spliced
from model import NotFound, Workflow
from store import Sql, Store, load_query, side_by_side

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_GENERATION = ("events", "event_copies", "event_keys", "key_links", "key_links_by_inner")
_BY_VERSION = ("memberships", "instances", "waiting")
_LARGEST_MERGE = ("max_bytes_to_merge_at_min_space_in_pool", "max_bytes_to_merge_at_max_space_in_pool")
_OLD_TOO = (*_BY_GENERATION, "memberships", "waiting", "superseded")
_SWITCHED = (*_BY_GENERATION, *_BY_VERSION)
_LANES = (
    ("events", "instances"),
    ("event_copies", "event_keys", "key_links", "key_links_by_inner", "memberships", "waiting", "instance_keys"),
)
"""Tables replaced at the same time: the two take about as long. Of `instance_keys` nothing is taken away."""
_MARKED = dict.fromkeys(_BY_GENERATION, ", {version:UInt64} AS generation") | dict.fromkeys(
    _BY_VERSION, ", greatest(version, {lowest:UInt64}) + {ahead:UInt64} AS version"
)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A rebuild that has begun and is not finished."""

    workflow: str
    generation: int
    definition: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How many of the rows to be read have been; `is_running` is False once the rows are switched."""

    rows_done: int
    rows_total: int
    is_running: bool


def shadow_tenant(tenant: str) -> str:
    """Under which tenant the rows of a rebuild are made; no token can name it."""
    return f"{tenant}\x1erebuild"


def running(store: Store, tenant: str) -> dict[str, Rebuild]:
    """The rebuilds of a tenant that are running, by workflow."""
    rows = store.rows(load_query("correlator", "rebuild_running"), {"tenant": tenant})
    return {row["workflow"]: Rebuild(**row) for row in rows}


def request(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    """Have a workflow derived again by whoever stitches; where that is under way already, it goes on."""
    found = running(store, tenant).get(workflow.name)
    if found is None or found.definition != workflow.hash:
        begin(store, tenant, workflow, now)


def begin(store: Store, tenant: str, workflow: Workflow, now: datetime) -> Rebuild:
    """Begin to derive a workflow again; the ticks of whoever stitches do it. Not while a tick runs."""
    shadow = shadow_tenant(tenant)
    params = {"tenant": tenant, "shadow": shadow, "workflow": workflow.name}
    _clear(store, shadow, workflow.name)
    covered = store.value(spliced("covered_from", segments=committed_segments()), {"tenant": tenant})
    if covered is None or covered <= _EPOCH:
        covered = now
    oldest = store.value(load_query("correlator", "oldest_delivery"), params)
    for table in _OLD_TOO if oldest is not None and oldest < covered else ("superseded",):
        old = "" if table == "superseded" else " AND received_at < {covered:DateTime64(6)}"
        store.execute(
            _copied(
                table,
                "{shadow:String} AS tenant",
                f"tenant = {{tenant:String}} AND workflow = {{workflow:String}}{old}",
            ),
            {**params, "covered": covered},
        )
    store.execute(
        _copied("corrections", "{shadow:String} AS tenant", "tenant = {tenant:String}"),
        params,
    )
    found = Rebuild(workflow.name, _microseconds(now), workflow.hash, now)
    _record(store, tenant, found, None)
    return found


def switch(store: Store, tenant: str, workflow: Workflow, found: Rebuild, now: datetime) -> None:
    """Put the rows of a complete rebuild in the place of the live ones. Not while a tick runs.

    Versions of rows keep their order: all of them are moved up by the same amount, so that they begin above the live
    ones. (Telling the latest apart while they are copied would take three times as long.)
    """
    shadow = shadow_tenant(tenant)
    version = max(_microseconds(now), latest_version(store, tenant) + 2)
    lowest = found.generation - 1  # rows that were copied at the beginning are older
    ahead = version - lowest
    last = max(version, latest_version(store, shadow) + ahead) + 2
    params = {"tenant": tenant, "shadow": shadow, "workflow": workflow.name, "version": version}
    params |= {"lowest": lowest, "ahead": ahead}
    own = "tenant = {tenant:String} AND workflow = {workflow:String}"
    of_shadow = "tenant = {shadow:String} AND workflow = {workflow:String}"
    store.execute(load_query("correlator", "touch_all"), {**params, "version": last})

    def replace(tables: Iterable[str]) -> None:
        removals = []
        for table in tables:
            store.execute(_copied(table, f"{{tenant:String}} AS tenant{_MARKED.get(table, '')}", of_shadow), params)
            if table in _SWITCHED:
                mark = "version" if table in _BY_VERSION else "generation"
                old = f"DELETE FROM {table} WHERE {own} AND {mark} < {{version:UInt64}}"
                removals.append(pool.submit(store.execute, old, params))
        for each in removals:
            each.result()

    # Four statements at a time in all: that leaves clients of the store to readers and the collector.
    with _unmerged(store), ThreadPoolExecutor(2) as pool:
        side_by_side(*(partial(replace, tables) for tables in _LANES))
        for table in ("superseded", "hubs", "stitched_segments"):
            store.execute(f"DELETE FROM {table} WHERE {own}", params)
            store.execute(_copied(table, "{tenant:String} AS tenant", of_shadow), params)
    store.execute(load_query("correlator", "switch_systems"), params)
    store.execute(load_query("correlator", "touch_all"), {**params, "version": last})
    store.insert(
        "correlator_ticks",
        ("tenant", "version", "at", "segments", "events", "instances"),
        [(tenant, last, now, 0, 0, 0)],
    )


@contextmanager
def _unmerged(store: Store) -> Iterator[None]:
    """While it lasts, no merge in the switched tables begins. See `allow_merges` for what a crash leaves."""
    for table in _SWITCHED:
        store.execute(f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{each} = 1' for each in _LARGEST_MERGE)}")
    try:
        yield
    finally:
        allow_merges(store)


def allow_merges(store: Store) -> None:
    """Let merges begin again where a switch has prevented it: at its end, and at the start after one was cut off."""
    query = load_query("correlator", "unmerged_tables")
    for row in store.rows(query, {"tables": list(_SWITCHED), "setting": f"%{_LARGEST_MERGE[0]} = 1%"}):
        store.execute(f"ALTER TABLE {row['name']} RESET SETTING {', '.join(_LARGEST_MERGE)}")


def finish(store: Store, tenant: str, found: Rebuild, now: datetime) -> None:
    """The rows have been switched: the rebuild is over."""
    _record(store, tenant, found, now)
    _clear(store, shadow_tenant(tenant), found.workflow, is_awaited=False)


def progress(store: Store, tenant: str, workflow: str) -> RebuildProgress:
    """How far the rebuild of a workflow is; raises `NotFound` where there never was one."""
    query = spliced("rebuild_progress", segments=committed_segments())
    params = {"tenant": tenant, "shadow": shadow_tenant(tenant), "workflow": workflow}
    rows = store.rows(Sql(query.text, {**query.params, **params}))
    if not rows:
        raise NotFound(f"The workflow {workflow!r} has not been rebuilt")
    return RebuildProgress(rows[0]["rows_done"], rows[0]["rows_total"], bool(rows[0]["is_running"]))


def _copied(table: str, replaced: str, where: str) -> str:
    """Rows of a table once more, with other values. In a sub-SELECT, since a replaced column hides the one in WHERE.

    Rows that are there several times are copied several times: a set does not grow by it. Blocks are small, so that
    memory does not depend on how many rows there are.
    """
    return (
        f"INSERT INTO {table} SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, "
        f"min_insert_block_size_bytes = 67108864 "
        f"SELECT * REPLACE ({replaced}) FROM (SELECT * FROM {table} WHERE {where})"
    )


def _clear(store: Store, shadow: str, workflow: str, *, is_awaited: bool = True) -> None:
    """Take the rows of a rebuild away; where nobody waits for it, readers of the shadow may see them for a while."""
    params = {"shadow": shadow, "workflow": workflow}
    own = "WHERE tenant = {shadow:String} AND workflow = {workflow:String}"
    tables = (*_SWITCHED, "superseded", "hubs", "instance_keys", "stitched_segments")
    filled = [table for table in tables if store.value(f"SELECT 1 FROM {table} {own} LIMIT 1", params)]
    later = "" if is_awaited else " SETTINGS lightweight_deletes_sync = 0"
    _delete(store, [f"{table} {own}{later}" for table in filled], params)


def _delete(store: Store, what: Sequence[str], params: Mapping[str, object]) -> None:
    """Several at once: most of the time the engine waits for its turn to do it."""
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(store.execute, f"DELETE FROM {each}", params) for each in what]:
            done.result()


def _record(store: Store, tenant: str, found: Rebuild, finished_at: datetime | None) -> None:
    store.insert(
        "rebuilds",
        ("tenant", "workflow", "generation", "definition", "begun_at", "finished_at"),
        [(tenant, found.workflow, found.generation, found.definition, found.begun_at, finished_at)],
    )


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
