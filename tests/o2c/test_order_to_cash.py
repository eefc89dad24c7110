"""A real order-to-cash log from file to verdict: instances, clocks and breaches are those of its answer key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.importing import ImportReport, import_file, load_mapping
from correlator import Correlator
from model import Catalog, ManualClock, load_catalog
from sla_engine import SlaEngine, VerdictReader
from store import Store, apply_catalog, catalog_history

pytestmark = pytest.mark.shared_data

SLA = "goods_issued_as_promised"
MAPPINGS = Path(__file__).parents[1] / "collector" / "mappings"
CLOCK = ManualClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

BREACHES = """
SELECT count() AS clocks, uniqExact(key) AS order_items, countIf(satisfied_at IS NOT NULL) AS late,
  countIf(satisfied_at IS NULL) AS never
FROM (SELECT * FROM verdicts ORDER BY seq DESC LIMIT 1 BY clock)
WHERE verdict = 'breached'
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(__file__).parent / "catalog")


def follow(store: Store, catalog: Catalog, shared_data: Path, name: str) -> ImportReport:
    """Import one of the files, correlate and judge it."""
    file = shared_data / "o2c-sap-ibm" / f"{name}.csv.gz"
    *_, report = import_file(store, file, load_mapping(MAPPINGS / f"{name}.yaml"), clock=CLOCK)
    assert isinstance(report, ImportReport)
    correlator, engine = Correlator(store, CLOCK), SlaEngine(store, CLOCK)
    while correlator.tick("default", catalog).more:
        pass
    engine.tick("default", catalog_history(store, "default"), CLOCK.now())
    return report


def sizes(store: Store) -> dict[str, int]:
    """How many rows the tables hold that an import ends in."""
    tables = ("otel_logs", "segments", "events", "memberships", "instances", "clocks", "verdicts")
    return {table: store.value(f"SELECT count() FROM {table} SETTINGS final = 1") for table in tables}


@pytest.mark.parametrize("name", ["o2c_events", "o2c_two_ids"])
def test_every_order_item_is_found_and_every_broken_promise_too(
    store: Store, catalog: Catalog, shared_data: Path, name: str
) -> None:
    apply_catalog(store, catalog, tenant="default", actor="test", at=CLOCK.now())
    follow(store, catalog, shared_data, name)
    statuses = store.rows("SELECT status, count() AS items FROM instances FINAL GROUP BY status ORDER BY status")
    assert statuses == [{"status": "cancelled", "items": 2_488}, {"status": "completed", "items": 18_671}]
    counts = VerdictReader(store).sla_counts("default")[SLA]
    assert {verdict: clocks for verdict, clocks in counts.verdicts.items() if clocks} == {
        "met": 23_357 - 1_316,
        "breached": 1_316,
    }
    assert counts.instances["breached"] == 1_232
    assert store.rows(BREACHES) == [{"clocks": 1_316, "order_items": 1_232, "late": 1_314, "never": 2}]


def test_importing_the_file_again_changes_no_instance_and_no_verdict(
    store: Store, catalog: Catalog, shared_data: Path
) -> None:
    apply_catalog(store, catalog, tenant="default", actor="test", at=CLOCK.now())
    follow(store, catalog, shared_data, "o2c_events")
    before = sizes(store)
    assert before["otel_logs"] == 110_125
    assert follow(store, catalog, shared_data, "o2c_events").already_imported
    assert sizes(store) == before
