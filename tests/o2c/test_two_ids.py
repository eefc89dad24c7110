"""Goods issues that know only their delivery: the pairs the single-id file gives, whatever the order of import."""

from __future__ import annotations

import csv
import gzip
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.importing import import_file, load_mapping
from correlator import Correlator
from model import Catalog, ManualClock, load_catalog
from store import Store

pytestmark = pytest.mark.shared_data

MAPPINGS = Path(__file__).parents[1] / "collector" / "mappings"
CLOCK = ManualClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
PAIRS = """
SELECT uniqExact(key, occurred_at) AS pairs, uniqExact(key) AS order_items, count() AS deliveries,
  sum(sipHash64(key, occurred_at, delivery)) AS content
FROM (
  SELECT DISTINCT m.key AS key, m.occurred_at AS occurred_at, e.attributes['delivery'] AS delivery
  FROM (SELECT * FROM memberships FINAL WHERE tenant = {tenant:String} AND milestone = 'goods_issued') AS m
  INNER JOIN (SELECT * FROM events FINAL WHERE tenant = {tenant:String}) AS e ON m.event_id = e.event_id
)
"""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(__file__).parent / "catalog")


def _reordered(file: Path, to: Path, order: str) -> Path:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as source:
        head, *rows = list(csv.reader(source))
    time = head.index("occurred_at")
    rows.sort(key=lambda row: row[time])
    if order == "reversed":
        rows.reverse()
    if order == "shuffled":
        random.Random(11).shuffle(rows)
    with to.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows([head, *rows])
    return to


def _stitched(store: Store, catalog: Catalog, tenant: str, file: Path, mapping: str) -> dict[str, int]:
    for _ in import_file(store, file, load_mapping(MAPPINGS / f"{mapping}.yaml"), tenant=tenant, clock=CLOCK):
        pass
    correlator = Correlator(store, CLOCK, rows_per_batch=30_000)
    while correlator.tick(tenant, catalog).more:
        pass
    [found] = store.rows(PAIRS, {"tenant": tenant})
    return found


@pytest.mark.parametrize(
    ("store", "order"),
    [
        ("embedded", "sorted"),
        ("embedded", "reversed"),
        ("embedded", "shuffled"),
        pytest.param("server", "shuffled", marks=pytest.mark.server),
        pytest.param("server", "sorted", marks=[pytest.mark.server, pytest.mark.slow]),
        pytest.param("server", "reversed", marks=[pytest.mark.server, pytest.mark.slow]),
    ],
    indirect=["store"],
)
def test_goods_issues_find_their_order_items_whatever_the_order_of_import(
    store: Store, catalog: Catalog, shared_data: Path, tmp_path: Path, order: str
) -> None:
    folder = shared_data / "o2c-sap-ibm"
    own = tmp_path / "o2c_events.csv.gz"  # a file is imported by one process at a time; other tests import it too
    shutil.copyfile(folder / "o2c_events.csv.gz", own)
    single = _stitched(store, catalog, "single", own, "o2c_events")
    file = _reordered(folder / "o2c_two_ids.csv.gz", tmp_path / "two_ids.csv", order)
    two = _stitched(store, catalog, "two", file, "o2c_two_ids")
    assert (two["pairs"], two["order_items"]) == (19_783, 18_671)
    assert two["deliveries"] == 23_355
    assert two == single
