"""The ERP creates deliveries and posts invoices. Reports by OTLP/HTTP.

It keeps the storefront's order number as a reference and pads its own delivery numbers with zeros (`0080000170`), which
the warehouse and the carrier do not. An invoice names the deliveries it bills, not the order.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def erp(telemetry: Telemetry, client: Client) -> App:
    """The ERP's routes."""
    app = App("erp", telemetry)

    @app.post("/sales-orders")
    def take_order(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("sales_order.reference", payload["reference"])
        return {"reference": payload["reference"]}

    @app.post("/credit-blocks")
    def block(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attributes(
            {"sales_order.reference": payload["reference"], "credit.blocked": payload["blocked"]}
        )
        return {"reference": payload["reference"]}

    @app.post("/deliveries")
    def create_delivery(payload: dict[str, Any]) -> dict[str, Any]:
        delivery = payload["delivery"].zfill(10)
        telemetry.event(
            "erp.delivery.created",
            {
                "sales_order.reference": payload["order"],
                "delivery.id": delivery,
                "promise.date": payload["promise"],
            },
        )
        client.post("wms", "/deliveries", {"delivery": delivery})
        return {"delivery": delivery}

    @app.post("/goods-movements")
    def post_goods_movement(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("delivery.id", payload["delivery"].zfill(10))
        return {"delivery": payload["delivery"]}

    @app.post("/invoices")
    def post_invoice(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event(
            "erp.invoice.posted",
            {
                "invoice.number": payload["invoice"],
                "delivery.id": [delivery.zfill(10) for delivery in payload["deliveries"]],
                "status": "posted",
                "order.total": payload["total"],
                "order.currency": payload["currency"],
            },
        )
        client.post("bank", "/expected-payments", {"reference": payload["invoice"], "amount": payload["total"]})
        return {"invoice": payload["invoice"]}

    @app.post("/open-items")
    def clear_open_item(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("invoice.number", payload["invoice"])
        return {"invoice": payload["invoice"], "cleared": True}

    return app
