"""The loader of the data warehouse: a batch job that says after each run which documents it has loaded. OTLP/HTTP."""

from __future__ import annotations

from typing import Any

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def warehouse_load(telemetry: Telemetry, _: Client) -> App:
    """The loader's runs."""
    app = App("warehouse_load", telemetry)

    @app.post("/order-loads")
    def load_orders(payload: dict[str, Any]) -> dict[str, Any]:
        orders = payload["orders"]
        telemetry.event("dwh.orders.loaded", {"order.number": orders, "table": "sales.orders", "rows": len(orders)})
        return {"rows": len(orders)}

    @app.post("/partner-loads")
    def load_partners(payload: dict[str, Any]) -> dict[str, Any]:
        partners = payload["partners"]
        about = {"partner.number": partners, "table": "dim.partner", "rows": len(partners)}
        telemetry.event("dwh.partners.loaded", about)
        return {"rows": len(partners)}

    return app
