"""The supplier portal: suppliers acknowledge purchase orders and hand in their invoices. Reports by OTLP/gRPC."""

from __future__ import annotations

from typing import Any

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def supplier_portal(telemetry: Telemetry, _: Client) -> App:
    """The portal's routes."""
    app = App("supplier_portal", telemetry)

    @app.post("/acknowledgements")
    def acknowledge(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event("supplier.order.acknowledged", {"purchase_order.number": payload["purchase_order"]})
        return {}

    @app.post("/invoices")
    def hand_in(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event(
            "supplier.invoice.submitted",
            {
                "purchase_order.number": payload["purchase_order"],
                "supplier_invoice.number": payload["invoice"],
                "supplier_invoice.total": payload["total"],
            },
        )
        return {"invoice": payload["invoice"]}

    return app
