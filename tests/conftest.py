"""Fixtures every room's tests share: a fresh store over both engines, the real data beside the project."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store, migrate
from tests.support.clickhouse_server import ClickHouseServer

OVER_A_SERVER_ALWAYS = (
    *(f"collector/test_{name}.py" for name in ("crash", "foreign_rows", "full_disk", "otlp_grpc", "stored_rows")),
    "correlator/test_stitching_spec.py::test_every_case_of_the_specification[server-at once]",
    *("sla_engine/test_lease.py", "store/", "throughline/"),
)
"""Tests that run over a server every time, with a whole platform among them; the same SQL of all others runs over both
stores by `make test-all`, and over the embedded one every time."""

IN_TEST_ALL = (
    "alerting/test_ticks.py::test_alerts_of_a_promise_that_comes_back_are_what_they_would_be_had_it_never_left",
    "collector/test_crash.py::test_killed_at_a_chosen_point_embedded[fsync in spool._commit]",
    "collector/test_crash.py::test_killed_at_a_chosen_point_embedded[fsync in writer._insert]",
    "collector/test_crash.py::test_killed_at_a_chosen_point_embedded[unlink in spool.finished]",
    "collector/test_import_once.py::test_a_process_killed_again_and_again_loses_and_doubles_nothing_embedded",
    "correlator/test_corrections.py::test_a_correction_holds_whenever_it_comes[embedded-retracted]",
    "correlator/test_hubs.py::test_a_hub_hides_what_it_leads_to_in_any_order_of_arrival[embedded-without a window]",
    "correlator/test_lineage.py::test_causes_are_found_on_whatever_page_they_are",
    "correlator/test_on_the_platform.py::test_a_rebuild_and_a_changed_definition_while_events_stream_in",
    "correlator/test_reading.py::test_how_an_event_got_there_is_told_the_same_whatever_came_first",
    "correlator/test_rebuild.py::test_a_database_beside_that_another_version_has_left_is_made_anew",
    "correlator/test_rebuild.py::test_a_switch_that_is_cut_off_is_done_again[embedded-DELETE",
    "correlator/test_rebuild.py::test_old_and_new_rows_of_an_event_never_meet_in_a_merge",
    "correlator/test_rebuild.py::test_two_workflows_are_rebuilt_beside_a_third_and_another_tenant_which_stay_as_they_are",
    "correlator/test_stitching_spec.py::test_every_case_of_the_specification[embedded-one by one]",
    "house/test_house.py::test_the_tests_have_the_same_names_in_every_process",
    "o2c/test_two_ids.py::test_goods_issues_find_their_order_items_whatever_the_order_of_import[embedded-reversed",
    "o2c/test_two_ids.py::test_goods_issues_find_their_order_items_whatever_the_order_of_import[embedded-sorted",
    "sample_flows/test_plan.py::test_at_the_end_of_history_every_stage_has_instances",
    "sla_engine/test_counts.py::test_a_crash_anywhere_counts_nothing_twice_and_forgets_nothing",
    "sla_engine/test_feeds.py::test_any_order_of_arrival_and_any_ticks_find_the_same_silences",
    "sla_engine/test_feeds.py::test_days_of_a_feed_that_was_never_heard_count_from_the_next_midnight",
    "sla_engine/test_feeds.py::test_of_an_event_that_came_in_two_versions_a_feed_counts_the_one_that_counts",
    "sla_engine/test_reading.py::test_pages_hold_every_row_once_in_order",
    "sla_engine/test_rejudging.py::test_it_needs_no_database_of_its_own_afterwards",
    "sla_engine/test_rejudging.py::test_only_clocks_that_started_in_the_time_asked_for",
    "sla_engine/test_rejudging.py::test_pages_hold_every_row_once",
    "throughline/test_cli.py::test_a_port_in_use_gets_one_line_that_names_the_option[--otlp",
    "throughline/test_ingest_options.py::test_what_cannot_work_is_refused_in_words[a key without",
    "throughline/test_ingest_options.py::test_what_cannot_work_is_refused_in_words[an open address without tokens",
    "throughline/test_platform.py::test_requests_are_followed_across_systems_with_identifiers_of_their_own[embedded]",
    "throughline/test_rejudge.py",
    "throughline/test_standby.py::test_who_stands_by_can_be_stopped",
)
"""Tests that take long and whose like runs every time."""

LONG = (
    *("sample_flows/test_demo.py", "correlator/test_on_the_platform.py", "sample_flows/", "throughline/"),
    *("correlator/test_confluence.py", "correlator/test_corrections.py", "correlator/test_crash.py", "o2c/"),
)
"""Files of few and long tests: begun first, so that no worker is left with one of them at the end."""

ROOMS = ("store", "collector", "correlator", "sla_engine", "alerting")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the suite that runs everywhere within its time."""

    def name(item: pytest.Item) -> str:
        return item.nodeid.removeprefix("tests/")

    for item in items:
        is_over_a_server = item.get_closest_marker("server") is not None
        if name(item).startswith(IN_TEST_ALL) or (is_over_a_server and not name(item).startswith(OVER_A_SERVER_ALWAYS)):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: next((n for n, long in enumerate(LONG) if name(item).startswith(long)), len(LONG)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data; skips where it is absent."""
    folder = Path(os.environ.get("THROUGHLINE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real public data is not at {folder}; set THROUGHLINE_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The embedded store beside which all others of a run lie: the engine opens one folder per process."""
    with Store.embedded(tmp_path_factory.mktemp("embedded")) as store:
        yield store


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A real ClickHouse server over HTTP, one for the run."""
    server = ClickHouseServer(tmp_path_factory.mktemp("server"))
    yield server
    server.kill()


ENGINES = ["embedded", pytest.param("server", marks=pytest.mark.server)]


def opened(request: pytest.FixtureRequest, database: str) -> Store:
    """A store of the engine that the fixture's parameter, one of `ENGINES`, names."""
    if request.param == "embedded":
        beside: Store = request.getfixturevalue("embedded").beside(database, pool=6)
        return beside
    server: ClickHouseServer = request.getfixturevalue("clickhouse_server")
    return Store.server(server.url, database=database)


def new_name() -> str:
    """A name for a database of a test's own."""
    return f"t_{uuid.uuid4().hex[:12]}"


@pytest.fixture(params=ENGINES)
def empty_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store without tables, once embedded and once on a server, in a database of its own."""
    store = opened(request, new_name())
    yield store
    store.execute(f"DROP DATABASE IF EXISTS {store.database} SYNC")
    store.close()


@pytest.fixture(scope="session")
def emptied() -> Iterator[dict[str, tuple[Store, int]]]:
    """By engine a store that has all tables and no rows, and the structure of its database."""
    kept: dict[str, tuple[Store, int]] = {}
    yield kept
    for store, _ in kept.values():
        store.close()


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, emptied: dict[str, tuple[Store, int]]) -> Iterator[Store]:
    """A store with all tables of all rooms and no rows, once embedded and once on a server.

    Opening it and making the tables takes longer than most tests: the next one gets it emptied, unless the test has
    changed the tables.
    """
    if request.param in emptied:
        store, structure = emptied.pop(request.param)
    else:
        store = opened(request, new_name())
        migrate(store, ROOMS)
        structure = _structure(store)
    yield store
    if _structure(store) == structure:
        store.execute(f"TRUNCATE ALL TABLES FROM {store.database} NOT LIKE 'applied_migrations'")
        emptied[request.param] = store, structure
    else:
        store.execute(f"DROP DATABASE {store.database} SYNC")
        store.close()


def _structure(store: Store) -> int:
    """What the definitions of all tables come to."""
    found = store.value(
        "SELECT sipHash64(arraySort(groupArray(create_table_query))) FROM system.tables "
        "WHERE database = currentDatabase()"
    )
    return int(found)
