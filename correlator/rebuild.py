"""A workflow derived again from what was received, beside its live rows, which readers see until it is complete.

 1. The rows are made in a database of their own beside the store's, one for each tenant (`opened`), by the same
    statements, batch by batch, so memory is bounded as in any tick. Rows that received data no longer covers are first
    copied there: links proven long ago go on leading to their orders.
 2. Meanwhile live segments are stitched into both, unless the definition has changed: then the live rows rest. What
    people put right meanwhile is taken over when the rows are switched.
 3. When no segment is left, the rows are switched within one tick, table by table: the parts made there are attached to
    the live table as they are, without being written again, and then the workflow's rows in the parts that were there
    before are taken away, by parts as a whole where they have no other rows. Nobody reads an empty timeline.
    Meanwhile no parts are merged: of an old and a new row of one event the engine would keep the larger content, which
    may be the old one, to be taken away thereafter. Nor does taking away have to wait for merges.
    Before, instances of which only copied rows are left are stated anew: what else they had is none by the definition.
 4. Every step can be repeated. A rebuild that is begun and not finished goes on after a crash; one whose definition is
    no longer the catalog's begins anew. So does one that finds at its end that retention has taken received rows away
    meanwhile: of those it may not have read all, and has copied nothing of them. Only ticks, of which there is one at a
    time, touch the database beside.

It tells no one: every instance is put into the feed of changes once, after the switch.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from collector import committed_segments, kept_rows
from correlator.derivation import SCRATCH
from correlator.feed import latest_version
from model import EPOCH, NotFound, Workflow, microseconds
from store import Sql, Store, load_query, side_by_side, spliced

_LARGEST_MERGE = ("max_bytes_to_merge_at_min_space_in_pool", "max_bytes_to_merge_at_max_space_in_pool")
_MERGED_BESIDE = 64
"""About how many parts are merged at a time beside: after the switch the engine merges all of them with others."""
_STATED_AT_ONCE = 50_000
"""Instances."""
_OF_EVENTS = ("events", "event_copies", "event_keys", "key_links", "key_links_by_inner", "memberships", "waiting")
"""Tables whose rows say when the event was received that they are about."""
_WITH_PLACE = ("events", "event_keys", "memberships")
_PLACE = "transform(toString(milestone), {milestones:Array(String)}, {places:Array(UInt16)}, toUInt16({last:UInt16}))"
_LAST_PLACE = (1 << 16) - 1
_SWITCHED = (*_OF_EVENTS, "instances")
_LANES = (
    ("events", "instances"),
    ("event_copies", "event_keys", "key_links", "key_links_by_inner", "memberships", "waiting", "instance_keys"),
)
"""Tables replaced at the same time: the two take about as long. Of `instance_keys` nothing is taken away."""
_SMALL = ("superseded", "hubs")
_DERIVED = (*_SWITCHED, "instance_keys", *_SMALL)
_BESIDE = (*_DERIVED, "corrections", "system_seen", "touched", "correlator_ticks", "stitched_definitions", *SCRATCH)
"""The tables of the database beside."""
_SEEN_THROUGH = ("otel_traces", "otel_logs")
_BEGUN = "begun_rebuilds"
_OWN = "tenant = {tenant:String} AND workflow = {workflow:String}"


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
    """Under which tenant those segments are marked that a rebuild has seen; no token can name it."""
    return f"{tenant}\x1erebuild"


def running(store: Store, tenant: str) -> dict[str, Rebuild]:
    """The rebuilds of a tenant that are running, by workflow."""
    rows = store.rows(load_query("correlator", "rebuild_running"), {"tenant": tenant})
    return {row["workflow"]: Rebuild(**row) for row in rows}


def request(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    """Have a workflow derived again by whoever stitches; where that is under way already, it goes on."""
    found = running(store, tenant).get(workflow.name)
    if found is None or found.definition != workflow.hash:
        _record(store, tenant, [Rebuild(workflow.name, microseconds(now), workflow.hash, now)], None)


def abandon(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    """Let a rebuild by another definition be over, unfinished: the live rows are those of the catalog's again.

    Where its switch was cut off they are not all: then the workflow is derived again.
    """
    found = running(store, tenant)
    rebuild = found.get(workflow.name)
    if rebuild is None or rebuild.definition == workflow.hash:
        return
    made_by = {**_of(rebuild, tenant), "definition": rebuild.definition}
    switched = f"WHERE {_OWN} AND definition = {{definition:String}} LIMIT 1"
    if any(store.value(f"SELECT 1 FROM {table} {switched}", made_by) for table in _WITH_PLACE):
        request(store, tenant, workflow, now)
        return
    _record(store, tenant, [rebuild], now)
    if len(found) == 1:
        store.execute(f"DROP DATABASE IF EXISTS `{_name(store, tenant)}` SYNC")


def progress(store: Store, tenant: str, workflow: str) -> RebuildProgress:
    """How far the rebuild of a workflow is; raises `NotFound` where there never was one."""
    query = spliced("correlator", "rebuild_progress", segments=committed_segments())
    params = {"tenant": tenant, "shadow": shadow_tenant(tenant), "workflow": workflow}
    rows = store.rows(Sql(query.text, {**query.params, **params}))
    if not rows:
        raise NotFound(f"The workflow {workflow!r} has not been rebuilt")
    return RebuildProgress(rows[0]["rows_done"], rows[0]["rows_total"], bool(rows[0]["is_running"]))


@contextmanager
def opened(store: Store, tenant: str) -> Iterator[Store]:
    """The database beside in which the rebuilds of a tenant make their rows. This and what follows is for ticks alone.

    It has this room's tables, and received rows are seen through it (`Merge` tables).
    """
    apart = store.beside(_name(store, tenant), pool=4)
    try:
        params = {"live": store.database, "apart": apart.database, "tables": [*_BESIDE, *_SEEN_THROUGH, _BEGUN]}
        alike = {row["name"]: row["is_alike"] for row in store.rows(load_query("correlator", "rebuild_tables"), params)}
        if not all(alike.values()):  # of another version of Throughline: the rebuilds begin anew
            for table in alike:
                apart.execute(f"DROP TABLE {table} SYNC")
            alike = {}
        for table in _BESIDE:
            if table not in alike:
                apart.execute(f"CREATE TABLE IF NOT EXISTS {table} AS `{store.database}`.{table}")
                if table in _DERIVED:
                    apart.execute(f"ALTER TABLE {table} MODIFY SETTING merge_selector_base = {_MERGED_BESIDE}")
        for table in _SEEN_THROUGH:
            apart.see_through(table, store.database)
        if _BEGUN not in alike:
            apart.execute(load_query("correlator", "create_begun_rebuilds"))
        yield apart
    finally:
        apart.close()


def not_begun(apart: Store, rebuilds: Iterable[Rebuild]) -> list[Rebuild]:
    """Those of the rebuilds that have not begun yet in the database beside."""
    begun = {(row["workflow"], row["since"]) for row in apart.rows(f"SELECT workflow, since FROM {_BEGUN}")}
    return [each for each in rebuilds if (each.workflow, each.begun_at) not in begun]


def begin(store: Store, apart: Store, tenant: str, workflow: Workflow, rebuild: Rebuild) -> None:
    """Make everything ready for the first segment: no rows but those that received data no longer covers.

    These say the place of their milestone as the new definition numbers it; a milestone it does not have comes last. A
    key they lead on from is the hub it was, which nobody might come by again to find out. Of versions that lost only
    these go on losing: the others are asked again, and what they lost to may be no event any more. What is
    still there of days that are not covered as a whole is not read again.
    """
    covered = _covered_from(store, tenant, rebuild)
    params = {**_of(rebuild, tenant), "covered": covered}
    _clear(apart, "workflow = {workflow:String}", params)
    _unmark(store, tenant, rebuild.workflow, is_waited_for=True)
    oldest = store.value(load_query("correlator", "oldest_delivery"), params)
    if oldest is not None and oldest < covered:
        places: dict[str, object] = {
            "milestones": [each.id for each in workflow.milestones],
            "places": [each.place for each in workflow.milestones],
            "last": _LAST_PLACE,
        }
        for table in _OF_EVENTS:
            old = f"{_OWN} AND received_at < {{covered:DateTime64(6)}}"
            if table in _WITH_PLACE:
                _copy(store, apart, table, old, params | places, f"REPLACE ({_PLACE} AS place)")
            else:
                _copy(store, apart, table, old, params)
        kept = f"SELECT key FROM `{apart.database}`.memberships WHERE {_OWN}"
        _copy(store, apart, "instances", f"{_OWN} AND key IN ({kept})", params)
        apart.execute(load_query("correlator", "write_kept_keys"), _of(rebuild, tenant))
        leading = f"SELECT outer_key FROM `{apart.database}`.key_links WHERE {_OWN}"
        _copy(store, apart, "hubs", f"{_OWN} AND typed_key IN ({leading})", params)
        copied = f"SELECT event_id, content_hash FROM `{apart.database}`.event_copies WHERE {_OWN}"
        _copy(store, apart, "superseded", f"{_OWN} AND (event_id, content_hash) IN ({copied})", params)
        kept_segments = spliced("correlator", "write_kept_segments", segments=committed_segments())
        marks = {"shadow": shadow_tenant(tenant), "definition": rebuild.definition, "at": rebuild.begun_at}
        store.execute(Sql(kept_segments.text, {**kept_segments.params, **params, **marks}))
    _copy(store, apart, "corrections", "tenant = {tenant:String}", params)
    version = latest_version(store, tenant)
    _end_tick(apart, tenant, version, rebuild.begun_at)
    apart.insert(
        "stitched_definitions",
        ("tenant", "workflow", "definition", "since"),
        [(tenant, rebuild.workflow, rebuild.definition, rebuild.begun_at)],
    )
    apart.insert(
        _BEGUN,
        ("workflow", "since", "covered", "version"),
        [(rebuild.workflow, rebuild.begun_at, covered, version)],
    )


def has_lost(store: Store, apart: Store, tenant: str, rebuild: Rebuild) -> bool:
    """Whether received rows have gone since the rebuild began: it copied nothing of them, and may not have read all."""
    covered: datetime = _begun(apart, rebuild)["covered"]
    return _covered_from(store, tenant, rebuild) > covered


def bereft(store: Store, apart: Store, tenant: str, rebuild: Rebuild) -> Iterator[None]:
    """Instances of which only copied rows are left, into `stage_members`, so many at a time as are to be stated again.

    Rows that received data no longer covers stay; the state of their instance tells of events that are none any more.
    """
    begun = _begun(apart, rebuild)
    params = {**_of(rebuild, tenant), "covered": begun["covered"], "begun": begun["version"]}
    if not apart.value(f"SELECT 1 FROM instances WHERE {_OWN} AND version <= {{begun:UInt64}} LIMIT 1", params):
        return  # nothing was copied: no need to look through the live rows
    query = spliced("correlator", "bereft", live=Sql(f"`{store.database}`.memberships")).text
    portions = -(-int(apart.value(f"SELECT count() FROM ({query})", params)) // _STATED_AT_ONCE)
    for portion in range(portions):
        apart.execute("TRUNCATE TABLE stage_members")
        apart.execute(
            f"INSERT INTO stage_members (tenant, workflow, instance, key) SELECT * FROM ({query}) "
            "WHERE cityHash64(instance) % {portions:UInt64} = {portion:UInt64}",
            {**params, "portions": portions, "portion": portion},
        )
        yield


def switch(store: Store, apart: Store, tenant: str, workflows: Collection[str], now: datetime) -> None:
    """Put the rows of complete rebuilds in the place of the live ones. Part of a tick, after its batches."""
    params = {"tenant": tenant, "shadow": shadow_tenant(tenant), "workflows": list(workflows)}
    own = "tenant = {tenant:String} AND workflow IN {workflows:Array(String)}"
    # Of rebuilds that nobody asks for any more.
    _clear(apart, "workflow NOT IN {workflows:Array(String)}", params)
    for table in _DERIVED:
        apart.execute(f"SYSTEM STOP MERGES {table}")  # the live tables will have to merge these parts with others
    version = max(microseconds(now), latest_version(store, tenant), latest_version(apart, tenant)) + 2
    touched = {**params, "version": version}
    store.execute(load_query("correlator", "touch_all"), touched)
    # Where all workflows of the tenant rest, only their rebuilds have read what came in meanwhile.
    corrected = f"SELECT * FROM `{apart.database}`.corrections EXCEPT DISTINCT SELECT * FROM corrections"
    store.execute(f"INSERT INTO corrections {corrected}")

    def replace(tables: Iterable[str]) -> None:
        removals = []
        for table in tables:
            old = _parts(store, table, own, params) if table in _SWITCHED else {}
            store.execute(f"ALTER TABLE {table} ATTACH PARTITION tuple() FROM `{apart.database}`.{table}")
            if whole := [f"DROP PART '{name}'" for name, is_whole in old.items() if is_whole]:
                store.execute(f"ALTER TABLE {table} {', '.join(whole)}")
            if others := [name for name, is_whole in old.items() if not is_whole]:
                removal = f"DELETE FROM {table} WHERE {own} AND _part IN {{parts:Array(String)}}"
                removals.append(pool.submit(store.execute, removal, {**params, "parts": others}))
        for each in removals:
            each.result()

    # Four statements at a time in all: that leaves clients of the store to readers and the collector.
    with _unmerged(store), ThreadPoolExecutor(2) as pool:
        side_by_side(*(partial(replace, tables) for tables in _LANES))
        for table in _SMALL:
            store.execute(f"DELETE FROM {table} WHERE {own}", params)
            store.execute(f"INSERT INTO {table} SELECT * FROM `{apart.database}`.{table}")
        # Nobody waits for old marks to be gone: what the rebuilds have seen holds all of them.
        store.execute(f"DELETE FROM stitched_segments WHERE {own} SETTINGS lightweight_deletes_sync = 0", params)
        store.execute(load_query("correlator", "switch_stitched"), params)
    store.execute(load_query("correlator", "touch_all"), touched)
    _end_tick(store, tenant, version, now)
    store.execute(f"INSERT INTO system_seen SELECT * FROM `{apart.database}`.system_seen")


def finish(store: Store, apart: Store, tenant: str, rebuilds: Collection[Rebuild], now: datetime) -> None:
    """The rows have been switched: the rebuilds are over, and the database beside is not needed any more."""
    _record(store, tenant, rebuilds, now)
    for each in rebuilds:
        # It would come after the merges of all that has been switched: a minute for ten million events.
        _unmark(store, tenant, each.workflow, is_waited_for=False)
    apart.execute(f"DROP DATABASE IF EXISTS `{apart.database}` SYNC")


def _parts(store: Store, table: str, own: str, params: Mapping[str, object]) -> dict[str, bool]:
    """The parts of a table with rows that are to be taken away, and whether they have no others.

    Dropping a part takes no time; taking rows away from one writes a mask for all of its rows.
    """
    query = f"SELECT _part, min({own}) AS is_whole FROM {table} GROUP BY _part HAVING max({own})"
    return {row["_part"]: bool(row["is_whole"]) for row in store.rows(query, params)}


@contextmanager
def _unmerged(store: Store) -> Iterator[None]:
    """While it lasts, no parts of the switched tables are merged. See `allow_merges` for what a crash leaves."""
    for table in _SWITCHED:
        store.execute(f"ALTER TABLE {table} MODIFY SETTING {', '.join(f'{each} = 1' for each in _LARGEST_MERGE)}")
        store.execute(f"SYSTEM STOP MERGES {table}")  # ends those that run
        store.execute(f"SYSTEM START MERGES {table}")
    try:
        while store.value(load_query("correlator", "running_merges"), {"tables": list(_SWITCHED)}):
            time.sleep(0.01)
        yield
    finally:
        allow_merges(store)


def allow_merges(store: Store) -> None:
    """Let merges begin again where a switch has prevented it: at its end, and at the start after one was cut off."""
    query = load_query("correlator", "unmerged_tables")
    for row in store.rows(query, {"tables": list(_SWITCHED), "setting": f"%{_LARGEST_MERGE[0]} = 1%"}):
        store.execute(f"ALTER TABLE {row['name']} RESET SETTING {', '.join(_LARGEST_MERGE)}")
        store.execute(f"SYSTEM START MERGES {row['name']}")  # a server remembers that they were stopped


def _of(rebuild: Rebuild, tenant: str) -> dict[str, object]:
    return {"tenant": tenant, "workflow": rebuild.workflow}


def _covered_from(store: Store, tenant: str, rebuild: Rebuild) -> datetime:
    """Since when what was received can be read again."""
    query = spliced("correlator", "covered_from", segments=committed_segments(), kept=kept_rows(tenant))
    covered = store.value(Sql(query.text, {**query.params, "tenant": tenant, "asked_at": rebuild.begun_at}))
    return rebuild.begun_at if covered is None or covered <= EPOCH else covered


def _begun(apart: Store, rebuild: Rebuild) -> Mapping[str, Any]:
    """`covered` and `version` of when the rebuild began, the last time it did."""
    found = f"FROM {_BEGUN} WHERE workflow = {{workflow:String}} AND since = {{since:DateTime64(6)}}"
    params = {"workflow": rebuild.workflow, "since": rebuild.begun_at}
    return apart.rows(f"SELECT covered, version {found} ORDER BY version DESC, covered DESC LIMIT 1", params)[0]


def _name(store: Store, tenant: str) -> str:
    return f"{store.database}_rebuild_{hashlib.sha256(tenant.encode()).hexdigest()[:12]}"


def _copy(store: Store, apart: Store, table: str, where: str, params: Mapping[str, object], changes: str = "") -> None:
    """Rows of a live table into the one beside. Blocks are small: memory does not depend on how many rows there are."""
    store.execute(
        f"INSERT INTO `{apart.database}`.{table} SETTINGS optimize_on_insert = 0, min_insert_block_size_rows = 250000, "
        f"min_insert_block_size_bytes = 67108864 SELECT * {changes} FROM {table} WHERE {where}",
        params,
    )


def _clear(apart: Store, which: str, params: Mapping[str, object]) -> None:
    """Take the rows of some workflows away from the tables beside."""
    for table in _DERIVED:
        if apart.value(f"SELECT 1 FROM {table} WHERE {which} LIMIT 1", params):
            apart.execute(f"SYSTEM START MERGES {table}")  # a switch that was cut off has stopped them: it would wait
            apart.execute(f"DELETE FROM {table} WHERE {which}", params)


def _unmark(store: Store, tenant: str, workflow: str, *, is_waited_for: bool) -> None:
    """No segment has been seen by a rebuild of the workflow."""
    own, params = f"stitched_segments WHERE {_OWN}", {"tenant": shadow_tenant(tenant), "workflow": workflow}
    if store.value(f"SELECT 1 FROM {own} LIMIT 1", params):
        store.execute(f"DELETE FROM {own} SETTINGS lightweight_deletes_sync = {2 if is_waited_for else 0}", params)


def _end_tick(store: Store, tenant: str, version: int, at: datetime) -> None:
    """What comes next has a higher version."""
    columns = ("tenant", "version", "at", "segments", "events", "instances")
    store.insert("correlator_ticks", columns, [(tenant, version, at, 0, 0, 0)])


def _record(store: Store, tenant: str, rebuilds: Iterable[Rebuild], finished_at: datetime | None) -> None:
    store.insert(
        "rebuilds",
        ("tenant", "workflow", "generation", "definition", "begun_at", "finished_at"),
        [(tenant, each.workflow, each.generation, each.definition, each.begun_at, finished_at) for each in rebuilds],
    )
