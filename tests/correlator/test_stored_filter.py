"""Which of a tick's ids may be stored: none that is stored is missed, whoever wrote it, and few others are named."""

from __future__ import annotations

import pytest

from correlator import stored_filter
from correlator.stored_filter import Lookup, StoredFilter
from store import Store

IDS = "lower(hex(sipHash128(number)))"


def deliver(store: Store, first: int, count: int) -> None:
    store.execute(
        "INSERT INTO event_copies (tenant, event_id, segment_id, content_hash, copies, workflow, received_at) "
        f"SELECT 't', {IDS}, 's', 1, 1, 'w', now() FROM numbers({{first:UInt64}}, {{count:UInt64}})",
        {"first": first, "count": count},
    )


def maybe_stored(store: Store, asked: StoredFilter, first: int, count: int) -> list[int] | None:
    store.execute("TRUNCATE TABLE stage_events")
    store.execute(
        f"INSERT INTO stage_events (event_id) SELECT {IDS} FROM numbers({{first:UInt64}}, {{count:UInt64}})",
        {"first": first, "count": count},
    )
    asked.look(store)
    return asked.among(Lookup.DELIVERIES, asked.ids(store, Lookup.DELIVERIES, "staged_halves"))


def ask(store: Store, asked: StoredFilter, first: int, count: int) -> set[int]:
    found = maybe_stored(store, asked, first, count)
    assert found is not None
    return set(found)


def wrote(store: Store, asked: StoredFilter, rows: int) -> None:
    """Tell that the staged events have been written, as so many rows."""
    asked.wrote(store, {Lookup.DELIVERIES: (asked.ids(store, Lookup.DELIVERIES, "staged_halves"), rows)})


def halves(store: Store, first: int, count: int) -> set[int]:
    rows = store.rows(
        f"SELECT reinterpretAsUInt64(reverse(unhex(substring({IDS}, 1, 16)))) AS half "
        "FROM numbers({first:UInt64}, {count:UInt64})",
        {"first": first, "count": count},
    )
    return {row["half"] for row in rows}


def test_all_that_are_stored_are_found_and_few_of_the_others(store: Store) -> None:
    deliver(store, 0, 100_000)
    asked = StoredFilter(filtered_from=0)
    assert ask(store, asked, 99_000, 2000) >= halves(store, 99_000, 1000)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)
    assert len(ask(store, asked, 1_000_000, 100_000)) < 2000


def test_what_comes_later_is_found_also_from_another_process_and_once_parts_are_merged(store: Store) -> None:
    deliver(store, 0, 1000)
    asked = StoredFilter(filtered_from=0)
    assert ask(store, asked, 1000, 500) != halves(store, 1000, 500)
    deliver(store, 1000, 500)
    store.execute("OPTIMIZE TABLE event_copies FINAL")
    deliver(store, 1500, 500)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)


def test_it_grows_with_what_is_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_filter, "_READ_AT_ONCE", 3000)
    deliver(store, 0, 10)
    asked = StoredFilter(filtered_from=0)
    assert ask(store, asked, 0, 20) >= halves(store, 0, 10)
    for first in range(10, 40_000, 10_000):
        deliver(store, first, 10_000)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)
    assert len(ask(store, asked, 100_000, 20_000)) < 400


def test_rows_of_a_table_that_was_emptied_or_made_anew_are_not_taken_for_read(store: Store) -> None:
    asked = StoredFilter(filtered_from=0)
    for first in (0, 100, 200):
        deliver(store, first, 100)
    assert ask(store, asked, 0, 300) == halves(store, 0, 300)
    store.execute("CREATE TABLE anew AS event_copies")
    store.execute("EXCHANGE TABLES anew AND event_copies")
    store.execute("DROP TABLE anew SYNC")
    deliver(store, 300, 100)
    assert ask(store, asked, 300, 100) == halves(store, 300, 100)


def test_a_table_made_anew_with_more_blocks_is_another_one(store: Store) -> None:
    for first in range(0, 300, 100):
        deliver(store, first, 100)
    asked = StoredFilter(filtered_from=0)
    assert ask(store, asked, 0, 300) == halves(store, 0, 300)
    store.execute("CREATE TABLE anew AS event_copies")
    store.execute("EXCHANGE TABLES anew AND event_copies")
    store.execute("DROP TABLE anew SYNC")
    for first in range(1000, 1500, 100):
        deliver(store, first, 100)
    assert ask(store, asked, 1000, 500) == halves(store, 1000, 500)


def test_where_most_may_be_stored_the_table_is_asked_for_all(store: Store) -> None:
    deliver(store, 0, 3000)
    asked = StoredFilter(filtered_from=0)
    assert asked.look(store) == 3000
    assert maybe_stored(store, asked, 0, 3000) is None


def test_over_a_small_history_nothing_is_remembered(store: Store) -> None:
    deliver(store, 0, 100)
    asked = StoredFilter(filtered_from=101)
    assert asked.look(store) == 100
    assert maybe_stored(store, asked, 0, 10) is None


def test_instances_links_and_keys_that_events_wait_by_are_found_by_what_the_tick_stages_of_them(store: Store) -> None:
    store.execute("INSERT INTO instances (tenant, workflow, key) SELECT 't', 'w', toString(number) FROM numbers(1000)")
    store.execute("INSERT INTO event_keys (tenant, typed_key) SELECT 't', toString(number) FROM numbers(1000)")
    store.execute(
        "INSERT INTO key_links (tenant, outer_key, inner_key) "
        "SELECT 't', toString(number), toString(number + 500) FROM numbers(500)"
    )
    asked = StoredFilter(filtered_from=0)
    asked.look(store)
    store.execute("INSERT INTO stage_members (workflow, key) SELECT 'w', toString(number) FROM numbers(990, 500)")
    store.execute("INSERT INTO stage_reach (typed_key) SELECT toString(number) FROM numbers(990, 500)")
    store.execute("INSERT INTO stage_walk (typed_key, round) SELECT toString(number), 2 FROM numbers(990, 500)")
    for lookup, query, known in [
        (Lookup.INSTANCES, "staged_instances", "sipHash64('w', toString(number))"),
        (Lookup.EVENT_KEYS, "reached_hashes", "sipHash64(toString(number))"),
        (Lookup.LINKS, "hashes_to_walk_from", "sipHash64(toString(number))"),
    ]:
        found = asked.among(lookup, asked.ids(store, lookup, query, {"round": 3}))
        assert found is not None
        rows = store.rows(f"SELECT {known} AS hash FROM numbers(990, 10)")
        assert set(found) >= {row["hash"] for row in rows}
        assert len(found) < 50


def test_what_the_tick_itself_has_written_is_not_read_again(store: Store) -> None:
    deliver(store, 0, 10)
    asked = StoredFilter(filtered_from=0)
    assert halves(store, 10, 90) & ask(store, asked, 10, 90) == set()
    deliver(store, 10, 90)
    wrote(store, asked, 90)
    store.execute("DELETE FROM event_copies WHERE tenant = 't'")
    assert ask(store, asked, 0, 100) == halves(store, 0, 100)


def test_what_another_process_has_written_meanwhile_is_read(store: Store) -> None:
    deliver(store, 0, 10)
    asked = StoredFilter(filtered_from=0)
    ask(store, asked, 10, 90)
    deliver(store, 1000, 50)
    deliver(store, 10, 90)
    wrote(store, asked, 90)
    assert ask(store, asked, 1000, 50) == halves(store, 1000, 50)
