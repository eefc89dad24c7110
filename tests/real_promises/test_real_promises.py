"""Promises in real data: lines delivered by their day, items shipped by theirs, cancelled ones never broken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.importing import ImportReport, import_file, load_mapping
from correlator import Correlator
from model import ManualClock, load_catalog
from sla_engine import SlaEngine, VerdictReader
from store import Store, apply_catalog, catalog_history

pytestmark = pytest.mark.shared_data

HERE = Path(__file__).parent
MAPPINGS = HERE.parent / "collector" / "mappings"
CLOCK = ManualClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))


def judged(store: Store, catalog: str, *files: tuple[Path, Path]) -> dict[str, int]:
    """Import the files by their mappings, correlate, judge; the current verdicts that occur."""
    apply_catalog(store, load_catalog(HERE / catalog), tenant="default", actor="test", at=CLOCK.now())
    for file, mapping in files:
        *_, report = import_file(store, file, load_mapping(mapping), clock=CLOCK)
        assert isinstance(report, ImportReport)
    correlator = Correlator(store, CLOCK)
    while correlator.tick("default", load_catalog(HERE / catalog)).more:
        pass
    SlaEngine(store, CLOCK).tick("default", catalog_history(store, "default"), CLOCK.now())
    (counts,) = VerdictReader(store).sla_counts("default").values()
    return {verdict: clocks for verdict, clocks in counts.verdicts.items() if clocks}


def answers(folder: Path) -> dict[str, Any]:
    """The answer key beside the data."""
    return json.loads((folder / "answer_key.json").read_text())


def one(store: Store, columns: Sequence[str]) -> tuple[int, ...]:
    """Figures over all current clocks."""
    (row,) = store.rows(f"SELECT {', '.join(columns)} FROM clocks FINAL")
    return tuple(row.values())


def test_medicine_lines_late_on_their_day_and_early(store: Store, shared_data: Path) -> None:
    folder = shared_data / "scms-delivery-history"
    key = answers(folder)
    file = folder / "SCMS_Delivery_History_Dataset.csv.gz"
    found = judged(store, "medicines", (file, MAPPINGS / "scms_delivered.yaml"))
    lines = key["sla_line_level"]
    late = lines["late_delivered_after_scheduled"]
    assert found == {"met": lines["on_scheduled_day"] + lines["early"], "breached": late}
    figures = one(
        store,
        [
            "countIf(verdict = 'met' AND toDate(satisfied_at) = toDate(deadline_at)) AS on_the_day",
            "countIf(verdict = 'met' AND toDate(satisfied_at) < toDate(deadline_at)) AS early",
            "uniqExactIf(key, verdict = 'breached') AS late_orders",
            "maxIf(toDate(satisfied_at) - toDate(deadline_at), verdict = 'breached') AS worst",
        ],
    )
    orders = key["sla_PO_level"]["POs_with_any_late_line"]
    assert figures == (lines["on_scheduled_day"], lines["early"], orders, key["max_days_late"])


def test_items_shipped_late_and_cancelled_ones_that_are_no_breach(store: Store, shared_data: Path) -> None:
    folder = shared_data / "dataco-sample"
    key = answers(folder)
    file = folder / "dataco_6000_items.csv.gz"
    found = judged(store, "retailer", (file, HERE / "dataco_ordered.yaml"), (file, MAPPINGS / "dataco_shipped.yaml"))
    late, cancelled = key["late_by_rule_excluding_canceled"], key["delivery_status_items"]["Shipping canceled"]
    assert found == {"breached": late, "cancelled": cancelled, "met": key["items"] - late - cancelled}
    traps = key["late_by_rule_real_gt_scheduled_items"] - late
    assert traps == 162
