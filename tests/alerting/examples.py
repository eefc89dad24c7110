"""Values the tests of this room start from: one order that missed its release."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerting.alert import Alert, alert_id
from model import Catalog, KeyType, Match, Milestone, Route, Sla, Verdict, Workflow, catalog_from_sources
from sla_engine import LedgerRow
from store import Store, apply_catalog

NOW = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
TENANT = "default"


def an_alert(key: str = "SO-1001", **changes: Any) -> Alert:
    """A breached order release, open since its deadline."""
    identity = alert_id(TENANT, "order_release", "order_to_cash", key, f"clock-of-{key}")
    labels = {
        "alertname": "order_release",
        "tenant": TENANT,
        "workflow": "order_to_cash",
        "sla": "order_release",
        "severity": "high",
        "owner": "customer-operations",
        "verdict": "breached",
        "criticality": "critical",
        "milestone": "goods_issued",
        "key": key,
        "system": "wms",
    }
    alert = Alert(
        id=identity,
        is_open=True,
        verdict=Verdict.BREACHED,
        verdict_seq=2,
        episode=2,
        workflow="order_to_cash",
        sla="order_release",
        key=key,
        clock=f"clock-of-{key}",
        per="",
        severity="high",
        owner="customer-operations",
        labels=labels,
        keys={"order": (key,)},
        milestone="goods_issued",
        started_at=DEADLINE,
        ended_at=None,
        deadline_at=DEADLINE,
        satisfied_at=None,
        known_at=DEADLINE + timedelta(seconds=5),
        definition="d1",
    )
    return replace(alert, **changes)


MILESTONES = (
    Milestone("order_placed", 0, Match(), "Order placed", system="storefront"),
    Milestone("goods_issued", 1, Match(), "Goods issued", system="wms"),
)
RELEASE = Sla(
    id="order_release",
    workflow="order_to_cash",
    title="Order released to the warehouse within four working hours",
    from_milestone="order_placed",
    to_milestone="goods_issued",
    within=timedelta(hours=4),
    severity="high",
)
PROMISE = replace(RELEASE, id="delivery_as_promised", title="Each delivery leaves by its date", per="delivery")


def a_catalog(
    *routes: Route, slas: tuple[Sla, ...] = (RELEASE, PROMISE), owner: str | None = "customer-operations"
) -> Catalog:
    """Order to cash with two promises, and these routes."""
    workflow = Workflow(
        name="order_to_cash",
        title="Order to cash",
        keys=(KeyType("order", 0, (("order.id",),)), KeyType("delivery", 1, (("delivery.id",),))),
        root="order",
        milestones=MILESTONES,
        owner=owner,
        criticality="critical",
        slas=slas,
    )
    return Catalog(workflows=(workflow,), routes=routes)


def a_stored_catalog(store: Store, at: datetime, hook: str, *promises: str) -> Catalog:
    """Order to cash with these promises and a webhook for all alerts, read from a file and applied."""
    sla = {"title": "A promise", "from": "order_placed", "to": "goods_issued", "within": "4h", "severity": "high"}
    document = {
        "workflow": "order_to_cash",
        "keys": {"order": {"attributes": ["order.id"]}},
        "root": "order",
        "milestones": [{"id": each.id, "match": {"event": each.id}} for each in MILESTONES],
        "slas": [{"id": each, **sla} for each in promises],
        "routes": [{"id": "all", "receivers": [{"webhook": hook}]}],
    }
    catalog = catalog_from_sources([("order_to_cash.yaml", json.dumps(document))])
    apply_catalog(store, catalog, tenant=TENANT, actor="ada", at=at)
    return catalog


def a_row(verdict: Verdict | str = "breached", seq: int = 2, key: str = "SO-1001", **changes: Any) -> LedgerRow:
    """A line of the ledger about the clock of an order."""
    row = LedgerRow(
        tenant=TENANT,
        workflow="order_to_cash",
        sla="order_release",
        key=key,
        clock=f"clock-of-{key}",
        per="",
        verdict=Verdict(verdict),
        valid_from=DEADLINE,
        known_at=DEADLINE + timedelta(seconds=5),
        started_at=DEADLINE - timedelta(hours=4),
        deadline_at=DEADLINE,
        satisfied_at=None,
        reason="",
        definition="d1",
        seq=seq,
    )
    return replace(row, **changes)
