"""Real files, messy as they are, give what their answer keys say, over both stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collector.importing import import_file, load_mapping
from model import SystemClock
from store import Store
from tests.collector.import_file_cases import MAPPINGS, imported

pytestmark = pytest.mark.shared_data

ATTRIBUTE = "LogAttributes['{}']".format


def answer_key(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "answer_key.json").read_text())


def one(store: Store, columns: str, where: str = "1") -> dict[str, Any]:
    return store.rows(f"SELECT {columns} FROM otel_logs WHERE {where}")[0]


def test_the_sap_log_has_its_events_items_and_deliveries(store: Store, shared_data: Path) -> None:
    folder = shared_data / "o2c-sap-ibm"
    key = answer_key(folder)
    report = imported(store, folder / "o2c_events.csv.gz", load_mapping(MAPPINGS / "o2c_events.yaml"))
    assert (report.accepted, report.rejected) == (key["events"], 0)
    counts = store.rows("SELECT EventName AS activity, count() AS rows FROM otel_logs GROUP BY activity")
    assert {row["activity"]: row["rows"] for row in counts} == {
        name.strip(): rows for name, rows in key["activities"].items()
    }
    columns = (
        f"uniqExact({ATTRIBUTE('order_item')}) AS items, uniqExact({ATTRIBUTE('sales_order')}) AS orders, "
        f"uniqExactIf({ATTRIBUTE('delivery')}, {ATTRIBUTE('delivery')} != '') AS deliveries, "
        "uniqExact(LogAttributes['cloudevents.event_id']) AS ids, "
        "formatDateTime(min(Timestamp), '%F %T', 'UTC') AS first, "
        "formatDateTime(max(Timestamp), '%F %T', 'UTC') AS last"
    )
    assert one(store, columns) == {
        "items": key["order_lines_cases"],
        "orders": key["sales_orders"],
        "deliveries": key["deliveries_distinct"],
        "ids": key["events"],
        "first": key["fixed_span"][0],
        "last": key["fixed_span"][1],
    }
    late = (
        f"uniqExactIf(({ATTRIBUTE('order_item')}, {ATTRIBUTE('delivery')}), EventName = 'Delivery') AS clocks, "
        f"countIf(EventName = 'Good Issue' AND toDate(Timestamp) > toDateOrNull({ATTRIBUTE('promised_date')})) AS rows"
    )
    wanted = key["o2c_events.csv.gz"]
    assert one(store, late) == {
        "clocks": wanted["clocks_per_order_item_and_delivery"],
        "rows": wanted["rows"]["late_goods_issue_rows"],
    }


def test_the_sap_log_again_changes_nothing_even_after_a_stop(store: Store, shared_data: Path) -> None:
    file = shared_data / "o2c-sap-ibm" / "o2c_events.csv.gz"
    mapping = load_mapping(MAPPINGS / "o2c_events.yaml")
    stopped = import_file(store, file, mapping, clock=SystemClock())
    next(stopped)
    stopped.close()
    assert imported(store, file, mapping).resumed
    before = store.rows("SELECT * FROM segments ORDER BY segment_id")
    assert imported(store, file, mapping).already_imported
    assert store.rows("SELECT * FROM segments ORDER BY segment_id") == before
    rows = one(store, "count() AS rows, uniqExact(LogAttributes['cloudevents.event_id']) AS ids")
    assert rows == {"rows": 110_125, "ids": 110_125}


def test_the_sap_log_of_two_systems_has_goods_issues_that_know_only_their_delivery(
    store: Store, shared_data: Path
) -> None:
    folder = shared_data / "o2c-sap-ibm"
    key = answer_key(folder)["o2c_two_ids.csv.gz"]
    report = imported(store, folder / "o2c_two_ids.csv.gz", load_mapping(MAPPINGS / "o2c_two_ids.yaml"))
    assert (report.accepted, report.rejected) == (key["events"], 0)
    item = ATTRIBUTE("order_item")
    assert one(store, f"count() AS rows, countIf({item} = '') AS alone", "EventName = 'Good Issue'") == {
        "rows": key["goods_issue_events"],
        "alone": key["goods_issue_events"],
    }


def test_medicine_deliveries_with_three_date_spellings_and_texts_for_dates(store: Store, shared_data: Path) -> None:
    folder = shared_data / "scms-delivery-history"
    key = answer_key(folder)
    file = folder / "SCMS_Delivery_History_Dataset.csv.gz"
    report = imported(store, file, load_mapping(MAPPINGS / "scms_delivered.yaml"))
    assert (report.accepted, report.rejected) == (key["lines"], 0)
    late = f"toDate(Timestamp) - toDateOrNull({ATTRIBUTE('scheduled_date')})"
    columns = (
        f"uniqExact({ATTRIBUTE('purchase_order')}) AS orders, uniqExact({ATTRIBUTE('shipping_note')}) AS notes, "
        f"countIf(mapContains(LogAttributes, 'po_sent_date')) AS sent, countIf({late} > 0) AS late, "
        f"countIf({late} = 0) AS same_day, countIf({late} < 0) AS early, max({late}) AS worst, "
        f"uniqExactIf({ATTRIBUTE('purchase_order')}, {late} > 0) AS late_orders, "
        f"uniqExactIf({ATTRIBUTE('shipping_note')}, {late} > 0) AS late_notes"
    )
    found = one(store, columns)
    assert found == {
        "orders": key["distinct_PO_SO"],
        "notes": key["distinct_ASN_DN"],
        "sent": key["po_date_available"],
        "late": key["sla_line_level"]["late_delivered_after_scheduled"],
        "same_day": key["sla_line_level"]["on_scheduled_day"],
        "early": key["sla_line_level"]["early"],
        "worst": key["max_days_late"],
        "late_orders": key["sla_PO_level"]["POs_with_any_late_line"],
        "late_notes": key["sla_ASN_level"]["ASNs_with_any_late_line"],
    }


def test_a_retailers_items_have_their_statuses_and_late_ones(store: Store, shared_data: Path) -> None:
    folder = shared_data / "dataco-sample"
    key = answer_key(folder)
    report = imported(store, folder / "dataco_6000_items.csv.gz", load_mapping(MAPPINGS / "dataco_shipped.yaml"))
    assert (report.accepted, report.rejected) == (key["items"], 0)
    statuses = store.rows("SELECT EventName AS status, count() AS rows FROM otel_logs GROUP BY status")
    assert {row["status"]: row["rows"] for row in statuses} == key["delivery_status_items"]
    columns = (
        f"uniqExact({ATTRIBUTE('order')}) AS orders, countIf({ATTRIBUTE('late_delivery_risk')} = '1') AS late, "
        f"countIf(toInt64OrNull({ATTRIBUTE('days_taken')}) > toInt64OrNull({ATTRIBUTE('days_promised')})) AS by_rule"
    )
    assert one(store, columns) == {
        "orders": key["orders"],
        "late": key["late_delivery_risk_items"]["1"],
        "by_rule": key["late_by_rule_real_gt_scheduled_items"],
    }
