"""The catalog given at the start reaches every tenant, whenever its first token comes."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import httpx

from model import ManualClock, catalog_from_sources, load_access
from store import Store, apply_catalog
from tests.collector.payloads import spans
from tests.collector.running import RunningCollector, wait_for
from tests.correlator.telemetry import RECEIVED
from throughline.engine import Catalogs
from throughline.given import GivenCatalog

RULES = "redaction: [{id: given, attributes: order.id, action: mask}]"
OTHER = "redaction: [{id: other, attributes: order.id, action: drop}]"


def tokens(*tenants: str) -> str:
    """A tokens file in which each tenant's token is its name."""
    return json.dumps(
        [
            {"name": each, "tenant": each, "roles": ["ingest"], "sha256": hashlib.sha256(each.encode()).hexdigest()}
            for each in tenants
        ]
    )


def test_a_tenant_is_covered_once_it_has_the_catalog_and_keeps_what_is_applied_to_it(
    store: Store, tmp_path: Path
) -> None:
    given, other = (catalog_from_sources([("rules.yaml", text)]) for text in (RULES, OTHER))
    clock, file = ManualClock(RECEIVED), tmp_path / "tokens.json"
    file.write_text(tokens("acme"))
    apply_catalog(store, other, tenant="before", actor="ann", at=RECEIVED - timedelta(days=1))
    access = load_access(file)
    catalogs = Catalogs(store, GivenCatalog(store, given, access, clock))
    catalogs.refresh()
    assert [catalogs.covers(each) for each in ("acme", "before", "since")] == [True, False, False]
    clock.advance(timedelta(minutes=1))
    for tenant in ("acme", "since"):
        apply_catalog(store, other, tenant=tenant, actor="ann", at=clock.now())
    file.write_text(tokens("acme", "before", "since"))
    wait_for(lambda: len(access.tenants) == 3)
    assert not catalogs.covers("before")
    catalogs.refresh()
    assert all(catalogs.covers(each) for each in access.tenants)
    assert catalogs.active("acme") == catalogs.active("since") == other
    assert catalogs.active("before") == given


def test_without_a_catalog_at_the_start_every_tenant_is_covered(store: Store) -> None:
    assert Catalogs(store).covers("anybody")


def test_a_tenant_that_is_not_covered_is_refused_as_retryable(tmp_path: Path) -> None:
    headers = {"content-type": "application/x-protobuf"}
    with RunningCollector(None, tmp_path, takes_tenant=lambda tenant: tenant != "default") as running:
        url = f"{running.http}/v1/traces"
        answer = httpx.post(url, content=spans(1).SerializeToString(), headers=headers)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert running.collector.counters.value("refused_requests", reason="no_catalog") == 1
        assert running.collector.spool.depth_bytes == 0
