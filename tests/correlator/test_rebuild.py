"""A workflow derived again from what was received, while readers see it and live data goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from correlator import Correlator, InstanceReader, changed_instances, latest_version, rebuild_progress, request_rebuild
from model import Catalog, ManualClock, NotFound, StoreUnavailable
from store import Sql, Store
from tests.correlator.outcome import stitched
from tests.correlator.telemetry import RECEIVED, Event, exact, milestones, send, workflow

FLOW = workflow(("order", "delivery"), milestones(["placed", "made", "gone"]))
OTHER = workflow(("order", "delivery"), milestones(["placed", "made", "gone"]), name="other")
CATALOG = Catalog((FLOW,))


def _events(first: int, last: int) -> list[Event]:
    return [
        event
        for n in range(first, last)
        for event in (
            Event(f"a{n}", 0, "placed", {"order": f"O{n}"}),
            Event(f"c{n}", 9, "gone", {"delivery": f"D{n}"}),
            Event(f"b{n}", 5, "made", {"order": f"O{n}", "delivery": f"D{n}"}),
        )
    ]


def test_a_rebuild_mends_what_was_damaged_while_live_data_goes_on(store: Store) -> None:
    clock = ManualClock(RECEIVED + timedelta(minutes=1))
    correlator = Correlator(store, clock, rows_per_batch=6)
    for n in range(0, 8, 2):
        send(store, _events(n, n + 2))
        while correlator.tick("default", CATALOG).more:
            pass
    whole = stitched(store, FLOW)
    store.execute("DELETE FROM memberships WHERE key = 'O3'")
    store.execute("DELETE FROM key_links WHERE outer_key LIKE '%D5'")
    store.execute(
        "INSERT INTO memberships SELECT * REPLACE ('w\\x1forder\\x1fO99' AS instance, 'O99' AS key) "
        "FROM memberships WHERE key = 'O1'"
    )
    with pytest.raises(NotFound):
        rebuild_progress(store, "default", "w")
    request_rebuild(store, "default", FLOW, clock.now())
    seen, done = [], []
    for n in range(8, 20, 2):
        send(store, _events(n, n + 2))
        correlator.tick("default", CATALOG)
        seen.append(InstanceReader(store).workflow_counts("default")["w"]["in_progress"])
        done.append(rebuild_progress(store, "default", "w"))
    assert seen == sorted(seen)
    assert done[0].is_running
    assert 0 < done[0].rows_done < done[0].rows_total
    while correlator.tick("default", CATALOG).segments:
        pass
    after = rebuild_progress(store, "default", "w")
    assert not after.is_running
    found = stitched(store, FLOW)
    assert {key: ids for key, ids in found.timelines.items() if int(key[1:]) < 8} == whole.timelines
    assert found.timelines["O19"] == ["a19", "b19", "c19"]
    assert _databases(store) == []
    version = latest_version(store, "default")
    assert len(store.rows(changed_instances(version - 1, version))) == 20


def test_a_rebuild_that_is_cut_off_goes_on_and_one_of_an_older_definition_begins_anew(store: Store) -> None:
    for n in range(4):
        send(store, _events(n, n + 1))
    clock = ManualClock(RECEIVED)
    first = Correlator(store, clock)
    first.tick("default", CATALOG)
    request_rebuild(store, "default", FLOW, clock.now())
    changed = workflow(("order", "delivery"), milestones(["placed", "made"]), definition="h2")
    Correlator(store, clock, rows_per_batch=3).tick("default", Catalog((changed,)))
    assert set(stitched(store, FLOW).timelines["O0"]) == {"a0", "b0", "c0"}
    again = Correlator(store, clock, rows_per_batch=3)
    while again.tick("default", Catalog((changed,))).segments:
        pass
    assert set(stitched(store, changed).timelines["O0"]) == {"a0", "b0"}
    assert not rebuild_progress(store, "default", "w").is_running


def test_a_definition_that_is_changed_back_has_its_rows_still_and_no_rebuild_goes_on(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock, rows_per_batch=3)
    changed = Catalog((replace(FLOW, milestones=FLOW.milestones[:2], hash="h2"),))

    def stitch(catalog: Catalog, n: int) -> None:
        clock.advance(timedelta(seconds=1))
        send(store, _events(n, n + 1))
        correlator.tick("default", catalog)

    for n in range(3):
        stitch(CATALOG, n)
    stitch(changed, 3)
    assert rebuild_progress(store, "default", "w").is_running
    stitch(CATALOG, 4)
    assert not rebuild_progress(store, "default", "w").is_running
    assert _databases(store) == []
    while correlator.tick("default", CATALOG).segments:
        pass
    found = stitched(store, FLOW)
    assert found.timelines == {f"O{n}": [f"a{n}", f"b{n}", f"c{n}"] for n in range(5)}
    stitch(changed, 5)
    while correlator.tick("default", changed).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    found = stitched(store, changed.workflows[0])
    assert found.timelines == {f"O{n}": [f"a{n}", f"b{n}"] for n in range(6)}


def test_what_received_data_no_longer_covers_stays_and_goes_on_leading_to_its_order(store: Store) -> None:
    old = RECEIVED - timedelta(days=40)
    clock = ManualClock(old)
    correlator = Correlator(store, clock)
    send(store, [*_events(1, 2)[::2], *_events(7, 8)], received_at=old)
    correlator.tick("default", CATALOG)
    clock.advance(timedelta(days=40))
    store.execute("TRUNCATE TABLE otel_logs")
    store.execute("TRUNCATE TABLE segments")
    send(store, [_events(1, 2)[1], *_events(2, 3)])
    correlator.tick("default", CATALOG)
    before = stitched(store, FLOW)
    assert before.timelines["O1"] == ["a1", "b1", "c1"]
    assert sorted(before.state) == ["O1", "O2", "O7"]
    request_rebuild(store, "default", FLOW, clock.now())
    correlator.tick("default", CATALOG)
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == before
    found, _ = InstanceReader(store).search("default", CATALOG, "D7", limit=5)
    assert [each.instance.key for each in found] == ["O7"]


def test_what_retention_has_taken_away_stays_though_its_segments_are_still_named(store: Store) -> None:
    """Received rows go part by part: of the second day the logs of one segment have gone, those of another have not."""
    clock = ManualClock(RECEIVED - timedelta(days=40))
    correlator = Correlator(store, clock)
    segments = []
    for n, hours in ((1, 0), (2, 24), (3, 25), (4, 900)):
        segments.append(send(store, _events(n, n + 1), received_at=clock.now() + timedelta(hours=hours)))
        correlator.tick("default", CATALOG)
    before = stitched(store, FLOW)
    assert sorted(before.timelines) == ["O1", "O2", "O3", "O4"]
    store.execute("DELETE FROM otel_logs WHERE SegmentId IN {gone:Array(String)}", {"gone": segments[:2]})
    clock.advance(timedelta(days=40))
    request_rebuild(store, "default", FLOW, clock.now())
    while correlator.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == before
    keyed = workflow(("order", "trace", "delivery"), FLOW.milestones, definition="h2")
    clock.advance(timedelta(minutes=1))
    while correlator.tick("default", Catalog((keyed,))).segments:
        pass
    found = stitched(store, keyed)
    assert (found.timelines, found.flags) == (before.timelines, {}), "nothing is read again of what was copied"
    made_by = store.rows("SELECT key, any(definition) AS hash FROM memberships FINAL GROUP BY key ORDER BY key")
    assert [row["hash"] for row in made_by] == ["h1", "h1", "h1", "h2"]


def test_what_retention_takes_away_while_a_rebuild_runs_stays(store: Store) -> None:
    """Two segments are of a day that goes when the rebuild has read one of them: its end is a new beginning."""
    clock = ManualClock(RECEIVED - timedelta(days=30))
    correlator = Correlator(store, clock, rows_per_batch=3)
    old = [send(store, _events(n, n + 1), received_at=clock.now()) for n in (1, 2)]
    while correlator.tick("default", CATALOG).segments:
        pass
    clock.advance(timedelta(days=30))
    send(store, _events(3, 4), received_at=clock.now())
    while correlator.tick("default", CATALOG).segments:
        pass
    before = stitched(store, FLOW)
    assert sorted(before.timelines) == ["O1", "O2", "O3"]
    request_rebuild(store, "default", FLOW, clock.now())
    assert correlator.tick("default", CATALOG).more
    store.execute("DELETE FROM otel_logs WHERE SegmentId IN {gone:Array(String)}", {"gone": old})
    begun_again = Correlator(store, clock, rows_per_batch=3)
    while begun_again.tick("default", CATALOG).more:
        clock.advance(timedelta(seconds=1))
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == before
    assert _databases(store) == []


def test_a_hub_whose_links_received_data_no_longer_covers_stays_one(store: Store) -> None:
    old = RECEIVED - timedelta(days=40)
    clock = ManualClock(old)
    correlator = Correlator(store, clock, hub_limit=1)
    orders = [Event(f"b{n}", n, "made", {"order": f"O{n}", "delivery": "D"}) for n in range(2)]
    send(store, [*orders, Event("c", 3, "gone", {"delivery": "D"})], received_at=old)
    correlator.tick("default", CATALOG)
    clock.advance(timedelta(days=40))
    store.execute("TRUNCATE TABLE otel_logs")
    store.execute("TRUNCATE TABLE segments")
    send(store, [Event("a", 4, "placed", {"order": "O1"})])
    correlator.tick("default", CATALOG)
    before = stitched(store, FLOW)
    assert before.hubs == [("delivery", "D")]
    request_rebuild(store, "default", FLOW, clock.now())
    while correlator.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == before


def test_a_milestone_put_before_others_leaves_the_order_of_old_events_as_it_was(store: Store) -> None:
    """What received data no longer covers keeps its milestone, whose place is another one now."""
    old = RECEIVED - timedelta(days=40)
    clock = ManualClock(old)
    correlator = Correlator(store, clock)
    was = workflow(("order",), milestones(["placed", "ordered"]), definition="d0")
    steps = milestones(["checked", "placed", "paid"])
    now = workflow(("order",), (replace(steps[0], optional=True), *steps[1:]))
    told = [Event("o", 0, "ordered", {"order": "O1"}), Event("p", 1, "placed", {"order": "O1"})]
    send(store, told, received_at=old)
    correlator.tick("default", Catalog((was,)))
    clock.advance(timedelta(days=40))
    store.execute("TRUNCATE TABLE otel_logs")
    store.execute("TRUNCATE TABLE segments")
    send(store, [Event("q", 9, "paid", {"order": "O1"})])
    while correlator.tick("default", Catalog((now,))).segments:
        pass
    found = stitched(store, now)
    assert found.timelines == {"O1": ["o", "p", "q"]}
    reader = InstanceReader(store)
    instance = reader.instance("default", now, "O1")
    assert instance is not None
    assert (instance.flags, instance.current_milestone) == ([], "paid")
    places = {row["milestone"]: row["place"] for row in store.rows("SELECT milestone, place FROM memberships FINAL")}
    assert places == {"ordered": 65535, "placed": 1, "paid": 2}


def test_an_instance_whose_covered_events_a_new_definition_drops_tells_of_what_stays(store: Store) -> None:
    old = RECEIVED - timedelta(days=40)
    clock = ManualClock(old)
    correlator = Correlator(store, clock)
    returns = workflow(("order", "delivery"), milestones(["placed", "made", "gone", "returned"]), definition="d0")
    send(store, _events(1, 9), received_at=old)
    correlator.tick("default", Catalog((returns,)))
    before = stitched(store, returns)
    clock.advance(timedelta(days=40))
    store.execute("TRUNCATE TABLE otel_logs")
    store.execute("TRUNCATE TABLE segments")
    send(store, [Event(f"d{n}", 20, "returned", {"order": f"O{n}", "delivery": f"R{n}"}) for n in (1, 2)])
    send(store, [Event("a2", 30, "placed", {"order": "O2"})])
    correlator.tick("default", Catalog((returns,)))
    assert stitched(store, returns).timelines["O1"] == ["a1", "b1", "c1", "d1"]
    request_rebuild(store, "default", FLOW, clock.now())
    while correlator.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    found = stitched(store, FLOW)
    assert found.timelines["O1"] == ["a1", "b1", "c1"]
    assert {key: state for key, state in found.state.items() if key != "O2"} == {
        key: state for key, state in before.state.items() if key != "O2"
    }
    assert InstanceReader(store).search("default", CATALOG, "R1", limit=5)[0] == []


def test_a_version_that_lost_to_one_which_the_new_definition_does_not_take_counts_and_proves_its_link(
    store: Store,
) -> None:
    versions = [
        Event("b", 5, "made", {"order": "O1", "delivery": "D1"}, attributes={"region": each}) for each in ("eu", "us")
    ]
    send(store, [Event("a", 0, "placed", {"order": "O1"}), *versions])
    send(store, [Event("c", 9, "gone", {"delivery": "D1"})])
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    placed, made, gone = FLOW.milestones
    for number, region in enumerate(("eu", "us")):
        correlator.tick("default", CATALOG)
        assert stitched(store, FLOW).flags == {"O1": ["conflicting_duplicate"]}
        only = replace(made, match=replace(made.match, attributes=(("region", exact(region)),)))
        changed = replace(FLOW, milestones=(placed, only, gone), hash=f"only {number}")
        clock.advance(timedelta(minutes=1))
        correlator.tick("default", Catalog((changed,)))
        found = stitched(store, changed)
        assert (found.timelines, found.flags) == ({"O1": ["a", "b", "c"]}, {}), region
        clock.advance(timedelta(minutes=1))


def test_two_workflows_are_rebuilt_beside_a_third_and_another_tenant_which_stay_as_they_are(store: Store) -> None:
    third = workflow(("order", "delivery"), milestones(["placed", "made", "gone"]), name="third")
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    catalog = Catalog((FLOW, OTHER, third))
    for tenant in ("default", "beside"):
        send(store, _events(0, 3), tenant=tenant)
        correlator.tick(tenant, catalog)
    whole = {each.name: stitched(store, each) for each in catalog.workflows}
    store.execute("DELETE FROM memberships WHERE key = 'O2'")
    damaged = stitched(store, third)
    request_rebuild(store, "default", FLOW, clock.now())
    slow = Correlator(store, clock, rows_per_batch=1)
    send(store, _events(3, 4))
    assert slow.tick("default", catalog).more
    request_rebuild(store, "default", OTHER, clock.now() + timedelta(seconds=1))
    while slow.tick("default", Catalog((FLOW, OTHER, third))).segments:
        pass
    for each in (FLOW, OTHER):
        found = stitched(store, each)
        assert {key: ids for key, ids in found.timelines.items() if key != "O3"} == whole[each.name].timelines
        assert found.timelines["O3"] == ["a3", "b3", "c3"]
    assert stitched(store, third).timelines == {**damaged.timelines, "O3": ["a3", "b3", "c3"]}
    assert sorted(stitched(store, FLOW, "beside").timelines) == ["O0", "O1"]
    assert _databases(store) == []


def _databases(store: Store) -> list[str]:
    """The databases beside the store's that rebuilds have left."""
    rows = store.rows("SELECT name FROM system.databases WHERE startsWith(name, concat(currentDatabase(), '_rebuild'))")
    return [row["name"] for row in rows]


def test_a_rebuild_whose_workflow_has_left_the_catalog_brings_nothing_into_the_next_one(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    both = Catalog((FLOW, OTHER))
    for n in range(2):
        send(store, _events(n, n + 1))
    Correlator(store, clock).tick("default", both)
    request_rebuild(store, "default", OTHER, clock.now())
    slow = Correlator(store, clock, rows_per_batch=1)
    slow.tick("default", both)
    assert _databases(store) != []
    events = store.value("SELECT count() FROM events WHERE workflow = 'other'")
    request_rebuild(store, "default", FLOW, clock.now())
    while slow.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert store.value("SELECT count() FROM events WHERE workflow = 'other'") == events
    assert _databases(store) == []


def test_a_database_beside_that_another_version_has_left_is_made_anew(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    for n in range(2):
        send(store, _events(n, n + 1))
    slow = Correlator(store, clock, rows_per_batch=1)
    while slow.tick("default", CATALOG).segments:
        pass
    request_rebuild(store, "default", FLOW, clock.now())
    slow.tick("default", CATALOG)
    [beside] = _databases(store)
    store.execute(f"ALTER TABLE {beside}.memberships ADD COLUMN of_old UInt8")
    whole = stitched(store, FLOW)
    while slow.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == whole


class _Dawdling:
    """A store that counts events before it takes the old ones away, while a tenant beside them gives cause to merge."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.events: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def execute(self, statement: str | Sql, params: Mapping[str, Any] | None = None) -> None:
        if str(statement).startswith("DELETE FROM events WHERE tenant = {tenant"):
            beside = "INSERT INTO events SELECT * REPLACE ('beside' AS tenant) FROM (SELECT * FROM events LIMIT 1)"
            for _ in range(20):
                self._store.execute(beside)
                self.events.append(self._store.value("SELECT count() FROM events WHERE tenant = 'default'"))
                time.sleep(0.1)
        self._store.execute(statement, params)


def test_the_end_of_a_rebuild_waits_for_no_merge(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    send(store, _events(1, 3))
    correlator.tick("default", CATALOG)
    before = stitched(store, FLOW)
    store.execute("SYSTEM STOP MERGES stitched_segments")  # and no rows are taken out of its parts
    try:
        request_rebuild(store, "default", FLOW, clock.now())
        while correlator.tick("default", CATALOG).segments:
            pass
        assert not rebuild_progress(store, "default", "w").is_running
    finally:
        store.execute("SYSTEM START MERGES stitched_segments")
    assert stitched(store, FLOW) == before
    send(store, _events(3, 4))
    assert correlator.tick("default", CATALOG).segments == 1


def test_old_and_new_rows_of_an_event_never_meet_in_a_merge(store: Store) -> None:
    """The engine keeps the larger content of the two: where that is the old one, both would be gone in the end."""
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    for n in range(12):  # parts enough for a merge to begin at once
        send(store, _events(n, n + 1))
        correlator.tick("default", Catalog((FLOW, OTHER)))
    changed = workflow(("order", "shipment", "delivery"), milestones(["placed", "made", "gone"]), definition="h2")
    dawdling = _Dawdling(store)
    again = Correlator(cast(Store, dawdling), clock)
    while again.tick("default", Catalog((changed, OTHER))).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert len(set(dawdling.events)) == 1
    assert dawdling.events[0] >= 36 + 72
    assert store.value("SELECT count() FROM events FINAL WHERE tenant = 'default' AND definition = 'h2'") == 36
    assert store.value("SELECT count() FROM events FINAL WHERE tenant = 'default' AND definition != 'h2'") == 36
    kept = (
        "SELECT count() FROM system.tables WHERE database = currentDatabase() AND create_table_query LIKE '%in_pool%'"
    )
    assert store.value(kept) == 0


class _Failing:
    """A store that loses its connection before a statement that begins in a certain way, once."""

    def __init__(self, store: Store, at: str) -> None:
        self._store = store
        self._at = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def execute(self, statement: str | Sql, params: Mapping[str, Any] | None = None) -> None:
        if self._at and str(statement).startswith(self._at):
            self._at = ""
            raise StoreUnavailable("gone")
        self._store.execute(statement, params)


@pytest.mark.parametrize(
    ("at", "catalog"),
    [
        ("ALTER TABLE memberships ATTACH", CATALOG),
        ("ALTER TABLE memberships DROP PART", CATALOG),
        ("DELETE FROM memberships WHERE tenant", Catalog((FLOW, OTHER))),
        ("DELETE FROM superseded WHERE tenant", Catalog((FLOW, OTHER))),
        ("INSERT INTO system_seen SELECT", CATALOG),
    ],
)
def test_a_switch_that_is_cut_off_is_done_again(store: Store, at: str, catalog: Catalog) -> None:
    clock = ManualClock(RECEIVED)
    for n in range(3):
        send(store, _events(n, n + 1))
    Correlator(store, clock).tick("default", catalog)
    whole = [stitched(store, each) for each in catalog.workflows]
    store.execute("DELETE FROM memberships WHERE key = 'O1' AND workflow = 'w'")
    request_rebuild(store, "default", FLOW, clock.now())
    with pytest.raises(StoreUnavailable):
        Correlator(cast(Store, _Failing(store, at)), clock).tick("default", catalog)
    assert rebuild_progress(store, "default", "w").is_running
    again = Correlator(store, clock)
    while again.tick("default", catalog).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert [stitched(store, each) for each in catalog.workflows] == whole
    assert store.value("SELECT count() FROM events") == 9 * len(catalog.workflows)
    assert _databases(store) == []


def test_a_definition_that_is_changed_back_after_its_switch_was_cut_off_has_all_of_its_rows_again(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    for n in range(3):
        send(store, _events(n, n + 1))
    Correlator(store, clock).tick("default", CATALOG)
    whole = stitched(store, FLOW)
    changed = Catalog((replace(FLOW, milestones=FLOW.milestones[:2], hash="h2"),))
    clock.advance(timedelta(seconds=1))
    with pytest.raises(StoreUnavailable):
        Correlator(cast(Store, _Failing(store, "DELETE FROM superseded")), clock).tick("default", changed)
    assert stitched(store, changed.workflows[0]) != whole
    clock.advance(timedelta(seconds=1))
    again = Correlator(store, clock)
    while again.tick("default", CATALOG).segments:
        pass
    assert not rebuild_progress(store, "default", "w").is_running
    assert stitched(store, FLOW) == whole
    assert _databases(store) == []
