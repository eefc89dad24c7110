"""Migrations: numbered, applied once, never changed afterwards."""

from __future__ import annotations

import pytest

from model import Refused
from store import Store, migrate, migrations, pending
from tests.conftest import ROOMS


def test_a_second_run_applies_nothing_and_the_schema_stays(empty_store: Store) -> None:
    def schema() -> list[dict[str, object]]:
        return empty_store.rows(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position"
        )

    assert migrate(empty_store, ROOMS) == migrations(ROOMS)
    first = schema()
    assert pending(empty_store, ROOMS) == ()
    assert migrate(empty_store, ROOMS) == ()
    assert schema() == first


def test_an_applied_migration_that_was_changed_is_refused(empty_store: Store) -> None:
    migrate(empty_store, ROOMS)
    empty_store.execute(
        "ALTER TABLE applied_migrations UPDATE checksum = repeat('0', 64) WHERE room = 'store' "
        "SETTINGS mutations_sync = 2"
    )
    with pytest.raises(Refused, match="store/0001"):
        pending(empty_store, ROOMS)


def test_tables_of_a_newer_version_are_refused_and_left_as_they_are(empty_store: Store) -> None:
    migrate(empty_store, ["store"])
    migration = ("room", "name", "checksum")
    empty_store.insert("applied_migrations", migration, [("store", "9999_later.sql", "0" * 64)])
    for look in (pending, migrate):
        with pytest.raises(Refused, match=r"newer version .* store/9999_later\.sql"):
            look(empty_store, ROOMS)
    assert len(empty_store.rows("SELECT 1 FROM applied_migrations")) == 2


def test_every_table_of_ours_begins_its_order_with_the_tenant(store: Store) -> None:
    # What is about the store as a whole has no tenant; the raw tables keep the exporter's order.
    others = {"applied_migrations", "leases", "otel_traces", "otel_logs", "otel_traces_trace_id_ts"}
    tables = store.rows(
        "SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    assert [
        t["name"] for t in tables if t["name"] not in others and not str(t["sorting_key"]).startswith("tenant")
    ] == []
