"""A small world for the API and the pages: real events in the received tables, stitched, judged and alerted for real.

Six orders at NOW (12:00 UTC): 1 is paid and kept its promise, 2 waits for its goods and is late, 3 is at risk, 4 was
cancelled, 5 has a slash in its number, 6 belongs to another tenant. One event waits for an order that is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alerting import Alerting, AlertReader
from correlator import Correlator, InstanceReader
from dashboard import Services
from model import Access, Catalog, ManualClock, catalog_from_sources
from sla_engine import SlaEngine, VerdictReader
from store import Store, active_catalog, apply_catalog, catalog_history
from tests.correlator.telemetry import send_rows

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TENANT = "default"
OTHER = "acme-dev"
TRACE = "0af7651916cd43dd8448eb211c80319c"

CATALOG = """
workflow: orders
title: Orders
owner: customer-operations
keys:
  order: {attributes: [order.id], normalize: [trim, upper]}
  delivery: {attributes: [delivery.id]}
root: order
amount: {attribute: total, currency_attribute: currency}
milestones:
  - {id: placed, system: shop, match: {event: placed}}
  - {id: checked, system: crm, match: {event: checked}, optional: true}
  - {id: shipped, system: wms, match: {event: shipped}}
  - {id: paid, system: bank, match: {event: paid}, ends: completed}
  - {id: cancelled, system: shop, match: {event: cancelled}, ends: cancelled}
slas:
  - id: ship_in_time
    title: Shipped within four hours
    from: placed
    to: shipped
    within: 4h
    at_risk: 50%
    severity: high
    objective: {target: 90%, window: 30d, minimum: 1}
  - {id: paid_in_time, title: Paid within a day, from: shipped, to: paid, within: 24h}
---
systems:
  - {id: shop, title: Shop, layer: saas, owner: e-commerce, services: [storefront], cadence: 15m}
  - {id: wms, title: Warehouse, layer: warehouse}
"""


def log(event: str, hours_ago: float, *, trace: str = "", **attributes: str) -> dict[str, Any]:
    """A log record; underscores in attribute names stand for dots."""
    return {
        "Timestamp": NOW - timedelta(hours=hours_ago),
        "EventName": event,
        "ServiceName": "tests",
        "TraceId": trace,
        "LogAttributes": {name.replace("_", "."): value for name, value in attributes.items()},
    }


ORDERS = [
    log("placed", 5, order_id="so-1", total="120.50", currency="EUR", trace=TRACE),
    log("checked", 4.9, order_id="SO-1"),
    log("shipped", 3, order_id="SO-1", delivery_id="D-1"),
    log("paid", 1, delivery_id="D-1"),
    log("placed", 6, order_id="SO-2", total="80", currency="EUR"),
    log("placed", 3, order_id="SO-3"),
    log("placed", 2, order_id="SO-4"),
    log("cancelled", 1.5, order_id="SO-4"),
    log("placed", 1, order_id="A/5"),
    log("shipped", 0.5, delivery_id="D-404"),
]
SPAN = {
    "Timestamp": NOW - timedelta(hours=5),
    "TraceId": TRACE,
    "SpanId": "b7ad6b7169203331",
    "SpanName": "POST /orders",
    "SpanKind": "Server",
    "ServiceName": "storefront",
    "Duration": 250_000_000,
    "StatusCode": "Ok",
}


def build(store: Store, text: str = CATALOG) -> None:
    """Fill a migrated store: two tenants, that catalog each, everything ticked once at NOW."""
    catalog = catalog_from_sources([("orders.yaml", text)])
    earlier = NOW - timedelta(days=1)
    for tenant in (TENANT, OTHER):
        apply_catalog(store, catalog, tenant=tenant, actor="tests", at=earlier)
    send_rows(store, "logs", ORDERS, received_at=NOW - timedelta(minutes=1))
    send_rows(store, "traces", [SPAN], received_at=NOW - timedelta(minutes=1))
    send_rows(store, "logs", [log("placed", 9, order_id="SO-6")], received_at=NOW - timedelta(minutes=1), tenant=OTHER)
    clock = ManualClock(NOW)
    for tenant in (TENANT, OTHER):
        Correlator(store, clock).tick(tenant, catalog)
        SlaEngine(store, clock).tick(tenant, catalog_history(store, tenant), NOW)
        Alerting(store, clock, "http://throughline.test").tick(tenant, catalog, NOW)


def services(store: Store, access: Access | None = None, checks: Sequence[tuple[str, bool, str]] = ()) -> Services:
    """The services over a store, at NOW."""

    def catalog(tenant: str) -> Catalog | None:
        return active_catalog(store, tenant)

    return Services(
        store=store,
        clock=ManualClock(NOW),
        catalog=catalog,
        access=access or Access(is_open=True),
        instances=InstanceReader(store, ManualClock(NOW)),
        verdicts=VerdictReader(store),
        alerts=AlertReader(store, "http://throughline.test"),
        readiness=lambda: list(checks) or [("store", True, "answers")],
        metrics=lambda: "throughline_up 1\n",
        base_url="http://throughline.test",
    )
