"""Which staged events may be known: none that is stored is missed, whoever wrote it, and few others are named."""

from __future__ import annotations

import pytest

from correlator import delivery_filter
from correlator.delivery_filter import DeliveryFilter
from store import Store

IDS = "lower(hex(sipHash128(number)))"


def deliver(store: Store, first: int, count: int) -> None:
    store.execute(
        "INSERT INTO event_copies (tenant, event_id, segment_id, content_hash, copies, workflow, received_at) "
        f"SELECT 't', {IDS}, 's', 1, 1, 'w', now() FROM numbers({{first:UInt64}}, {{count:UInt64}})",
        {"first": first, "count": count},
    )


def ask(store: Store, asked: DeliveryFilter, first: int, count: int) -> set[int]:
    store.execute("TRUNCATE TABLE stage_events")
    store.execute(
        f"INSERT INTO stage_events (event_id) SELECT {IDS} FROM numbers({{first:UInt64}}, {{count:UInt64}})",
        {"first": first, "count": count},
    )
    found = asked.among_staged(store).ids
    assert found is not None
    return set(found)


def halves(store: Store, first: int, count: int) -> set[int]:
    rows = store.rows(
        f"SELECT reinterpretAsUInt64(reverse(unhex(substring({IDS}, 1, 16)))) AS half "
        "FROM numbers({first:UInt64}, {count:UInt64})",
        {"first": first, "count": count},
    )
    return {row["half"] for row in rows}


def test_all_that_are_stored_are_found_and_few_of_the_others(store: Store) -> None:
    deliver(store, 0, 100_000)
    asked = DeliveryFilter(filtered_from=0)
    assert ask(store, asked, 99_000, 2000) >= halves(store, 99_000, 1000)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)
    assert len(ask(store, asked, 1_000_000, 100_000)) < 2000


def test_what_comes_later_is_found_also_from_another_process_and_once_parts_are_merged(store: Store) -> None:
    deliver(store, 0, 1000)
    asked = DeliveryFilter(filtered_from=0)
    assert ask(store, asked, 1000, 500) != halves(store, 1000, 500)
    deliver(store, 1000, 500)
    store.execute("OPTIMIZE TABLE event_copies FINAL")
    deliver(store, 1500, 500)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)


def test_it_grows_with_what_is_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_filter, "_READ_AT_ONCE", 3000)
    deliver(store, 0, 10)
    asked = DeliveryFilter(filtered_from=0)
    assert ask(store, asked, 0, 20) >= halves(store, 0, 10)
    for first in range(10, 40_000, 10_000):
        deliver(store, first, 10_000)
    assert ask(store, asked, 0, 2000) == halves(store, 0, 2000)
    assert len(ask(store, asked, 100_000, 20_000)) < 400


def test_rows_of_a_table_that_was_emptied_or_made_anew_are_not_taken_for_read(store: Store) -> None:
    asked = DeliveryFilter(filtered_from=0)
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
    asked = DeliveryFilter(filtered_from=0)
    assert ask(store, asked, 0, 300) == halves(store, 0, 300)
    store.execute("CREATE TABLE anew AS event_copies")
    store.execute("EXCHANGE TABLES anew AND event_copies")
    store.execute("DROP TABLE anew SYNC")
    for first in range(1000, 1500, 100):
        deliver(store, first, 100)
    assert ask(store, asked, 1000, 500) == halves(store, 1000, 500)


def test_where_most_may_be_stored_the_table_is_asked_for_all(store: Store) -> None:
    deliver(store, 0, 3000)
    store.execute(f"INSERT INTO stage_events (event_id) SELECT {IDS} FROM numbers(3000)")
    maybe = DeliveryFilter(filtered_from=0).among_staged(store)
    assert (maybe.ids, maybe.stored) == (None, 3000)


def test_over_a_small_history_nothing_is_remembered(store: Store) -> None:
    deliver(store, 0, 100)
    maybe = DeliveryFilter(filtered_from=101).among_staged(store)
    assert (maybe.ids, maybe.stored) == (None, 100)


def test_what_the_tick_itself_has_written_is_not_read_again(store: Store) -> None:
    deliver(store, 0, 10)
    asked = DeliveryFilter(filtered_from=0)
    assert halves(store, 10, 90) & ask(store, asked, 10, 90) == set()
    deliver(store, 10, 90)
    asked.wrote_staged(store, 90)
    store.execute("DELETE FROM event_copies WHERE tenant = 't'")
    assert ask(store, asked, 0, 100) == halves(store, 0, 100)


def test_what_another_process_has_written_meanwhile_is_read(store: Store) -> None:
    deliver(store, 0, 10)
    asked = DeliveryFilter(filtered_from=0)
    ask(store, asked, 10, 90)
    deliver(store, 1000, 50)
    deliver(store, 10, 90)
    asked.wrote_staged(store, 90)
    assert ask(store, asked, 1000, 50) == halves(store, 1000, 50)
