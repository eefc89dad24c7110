"""Real OpenTelemetry spans and logs of a shop's checkout: timelines whose PlaceOrder figures equal the answer key."""

from __future__ import annotations

import csv
import io
import json
import statistics
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from correlator import Correlator, InstanceFilter, InstanceReader
from model import Catalog, ManualClock, load_catalog
from store import Store
from tests.correlator.telemetry import send_rows

pytestmark = pytest.mark.shared_data

RECEIVED = datetime(2022, 8, 24, 12, tzinfo=UTC)
FILES = (
    "rca_data/2022-08-22/trace/05_19_trace.csv",
    "rca_data/2022-08-22/trace/05_20_trace.csv",
    "rca_data/2022-08-22/trace/05_43_trace.csv",
    "rca_data/2022-08-22/trace/05_44_trace.csv",
    "rca_data/2022-08-23/trace/13_29_trace.csv",
)
LOGS = (
    "rca_data/2022-08-22/log/05_19_log.csv",
    "rca_data/2022-08-22/log/05_20_log.csv",
    "rca_data/2022-08-23/log/13_29_log.csv",
)
PLACE_ORDER = "hipstershop.CheckoutService/PlaceOrder"
NAMES = (
    "Start PlaceOrder",
    "Start charge card",
    "Charge successfully",
    "Payment went through",
    "Start ship Order",
    "[ShipOrder] completed",
    "Order confirmation email sent",
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(__file__).with_name("catalog.yaml").parent)


@pytest.fixture(scope="module")
def files(shared_data: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of the files, by their names."""
    with tarfile.open(shared_data / "nezha-onlineboutique" / "traces-and-logs.tar.gz") as archive:
        return {
            name: list(csv.DictReader(io.TextIOWrapper(_member(archive, name), encoding="utf-8")))
            for name in (*FILES, *LOGS)
        }


def _member(archive: tarfile.TarFile, name: str) -> Any:
    found = next(each for each in archive.getnames() if each.removeprefix("./") == name)
    return archive.extractfile(found)


def _spans(rows: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        start = int(row["StartTimeUnixNano"])
        own = {"checkout.id": row["TraceID"][:12]} if row["OperationName"] == PLACE_ORDER else {}
        yield {
            "Timestamp": datetime.fromtimestamp(start // 1_000_000_000, UTC)
            + timedelta(microseconds=start // 1000 % 1_000_000),
            "Duration": int(row["EndTimeUnixNano"]) // 1000 * 1000 - start // 1000 * 1000,
            "TraceId": row["TraceID"],
            "SpanId": row["SpanID"],
            "ParentSpanId": "" if row["ParentID"] == "root" else row["ParentID"],
            "SpanName": row["OperationName"],
            "ServiceName": row["PodName"].rsplit("-", 2)[0],
            "SpanAttributes": own,
        }


def _logs(rows: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        line = json.loads(row["Log"])["log"]
        body = json.loads(line)["message"] if line.startswith("{") else line
        at = int(row["TimeUnixNano"])
        yield {
            "Timestamp": datetime.fromtimestamp(at // 1_000_000_000, UTC)
            + timedelta(microseconds=at // 1000 % 1_000_000),
            "TraceId": row["TraceID"],
            "SpanId": row["SpanID"],
            "ServiceName": row["PodName"].rsplit("-", 2)[0],
            "EventName": next((name for name in NAMES if name in body), ""),
            "Body": body,
        }


def test_checkouts_become_timelines_whose_figures_equal_the_answer_key(
    store: Store, catalog: Catalog, files: dict[str, list[dict[str, str]]], shared_data: Path
) -> None:
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    for name in LOGS:  # the log lines come first: their checkouts are known only when the spans are
        send_rows(store, "logs", list(_logs(files[name])), received_at=RECEIVED)
    correlator.tick("default", catalog)
    for name in reversed(FILES):
        send_rows(store, "traces", list(_spans(files[name])), received_at=RECEIVED)
        correlator.tick("default", catalog)
    reader, flow = InstanceReader(store, clock), catalog.workflows[0]
    page, cursor = reader.instances("default", flow, InstanceFilter(), limit=1000)
    assert cursor is None
    took: dict[tuple[str | None, str | None], float] = {}
    steps: dict[str, list[str]] = {}
    for instance in page:
        events, _ = reader.timeline("default", flow, instance.key)
        steps[instance.key] = [each.milestone for each in events]
        for each in events:
            if each.milestone == "place_order":
                took[each.trace_id, each.span_id] = (each.occurred_at - each.started_at) / timedelta(milliseconds=1)
    key = json.loads((shared_data / "nezha-onlineboutique" / "answer_key.json").read_text())["files"]
    for name in FILES:
        ids = [(row["TraceID"], row["SpanID"]) for row in files[name] if row["OperationName"] == PLACE_ORDER]
        figures = [took[each] for each in ids]
        answer = key[name]
        assert len(figures) == answer["PlaceOrder_spans"]
        assert statistics.median(figures) == pytest.approx(answer["PlaceOrder_median_ms"], abs=0.1)
        assert sum(each > 500 for each in figures) == answer["PlaceOrder_gt_500ms"]
        assert sum(each > 1000 for each in figures) == answer["PlaceOrder_gt_1000ms"]
    _the_steps_inside(steps, {row["TraceID"] for name in LOGS for row in files[name] if "went through" in row["Log"]})
    _lineage(reader, catalog, steps)


def _the_steps_inside(steps: dict[str, list[str]], traces: set[str]) -> None:
    """Fourteen lines, one of them in two files, say that a payment went through: each step is once on its timeline."""
    logged = [found for found in steps.values() if "paid" in found]
    assert len(logged) == len(traces) == 13
    inner = ["order_started", "charge_started", "charged", "paid", "shipping_started", "shipped", "confirmed"]
    for found in logged:
        assert [each for each in found if each in inner] == inner


def _lineage(reader: InstanceReader, catalog: Catalog, steps: dict[str, list[str]]) -> None:
    flow = catalog.workflows[0]
    key = next(key for key, found in steps.items() if "paid" in found)
    events, _ = reader.timeline("default", flow, key)
    milestone = {each.event_id: each.milestone for each in events}
    row = reader.instance("default", flow, key)
    assert row is not None
    causes, _ = reader.causes("default", flow, row, events)
    found = {(milestone[each.cause], milestone[each.effect], each.by) for each in causes}
    assert ("place_order", "place_order", "span_parent") in found, "the server's call hangs from the client's"
    assert ("place_order", "paid", "span_parent") in found
    assert ("shipping_started", "ship_call", "span_parent") in found, "what was logged in the span above"
    paid = next(each for each in events if each.milestone == "paid")
    assert list(paid.keys) == ["trace", "transaction"]
    row, _ = reader.search("default", catalog, paid.keys["transaction"][0])
    assert [each.instance.key for each in row] == [key]
