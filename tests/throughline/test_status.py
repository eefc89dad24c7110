"""What status tells of the tables."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from correlator import Correlator
from model import Catalog, ManualClock, catalog_from_sources
from store import Store, apply_catalog
from tests.support.clickhouse_server import ClickHouseServer
from throughline.admin import create_admin
from throughline.answers import Answers
from throughline.control import Control
from throughline.engine import Catalogs, Engine
from throughline.ingest import CatalogRedactions, IngestSettings
from throughline.settings import Settings, StoreSettings
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


@pytest.mark.server
def test_what_a_platform_knows_by_itself_is_told_while_its_tables_are_away(
    clickhouse_server: ClickHouseServer, tmp_path: Path
) -> None:
    store = Store.server(clickhouse_server.url, database=f"t_{uuid.uuid4().hex[:12]}")
    settings = Settings(StoreSettings(tmp_path, clickhouse_server.url), roles=("correlator",))
    catalogs = Catalogs(store)
    engine = Engine(ManualClock(AT), catalogs, correlator=None, sla_engine=None, alerting=None, tick_seconds=1)
    engine.last_error["judge"] = "ClickHouse does not answer"
    control = Control(os.getpid(), "http://admin", "secret", settings.base_url, settings.otlp_grpc, settings.otlp_http)
    redactions = CatalogRedactions(catalogs.active, IngestSettings())
    app = create_admin(control, settings, store, catalogs, engine, None, redactions, Answers(asyncio.Event()))
    (tmp_path / "orders.yaml").write_text("systems: [{id: shop}]")

    async def asked() -> tuple[httpx.Response, httpx.Response]:
        headers = {"authorization": "Bearer secret"}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://admin", headers=headers) as client:
            body = {"folder": str(tmp_path), "tenant": "default"}
            return await client.get("/status"), await client.post("/catalog", json=body)

    store.execute(f"DROP DATABASE {store.database} SYNC")
    status, applied = asyncio.run(asked())
    store.close()
    told = describe(status.json())
    assert "judge tick failed: ClickHouse does not answer" in told
    assert "store: server, of which nothing can be told: " in told
    assert "UNKNOWN_DATABASE" in told
    assert (applied.status_code, "UNKNOWN_DATABASE" in applied.json()["detail"]) == (400, True)
