"""What status tells of the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from correlator import Correlator
from model import Catalog, ManualClock, catalog_from_sources
from store import Store, apply_catalog
from throughline.status import describe, left_behind, stored

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _catalog(event: str) -> Catalog:
    text = f"""
workflow: orders
keys: {{order: {{attributes: [order.id]}}}}
root: order
milestones: [{{id: placed, match: {{event: {event}}}}}]
"""
    return catalog_from_sources([("orders.yaml", text)])


def test_what_a_platform_that_does_not_run_has_left_in_its_spool_is_told(tmp_path: Path) -> None:
    assert left_behind(tmp_path) == {}
    spool = tmp_path / "spool"
    spool.mkdir()
    for name in ("000660cea2c83522-68f598c0.otlp", "000660cea2c83523-68f598c0.otlp", "journal.a"):
        (spool / name).write_bytes(bytes(1000))
    told = describe({"running": False, **left_behind(tmp_path), "store": "embedded", "tenants": {}})
    assert "collector spool: 2,000 bytes in 2 segments wait for the next start" in told


def test_a_rebuild_and_what_rests_for_it_is_told(store: Store) -> None:
    first, second = _catalog("placed"), _catalog("order.placed")
    correlator = Correlator(store, ManualClock(AT))
    apply_catalog(store, first, tenant="default", actor="ann", at=AT)
    correlator.tick("default", first)
    assert stored(store)["tenants"]["default"]["rebuilds"] == {}
    apply_catalog(store, second, tenant="default", actor="ann", at=AT + timedelta(minutes=1))
    told = describe({"running": False, **stored(store)})
    assert "orders: made anew, 0 of 0 received rows read; its SLAs are not judged until then" in told
    for _ in range(3):
        correlator.tick("default", second)
    assert stored(store)["tenants"]["default"]["rebuilds"] == {}
