"""The storefront takes orders. Its word for an order is the order number, `SO-1000017`. Reports by OTLP/gRPC.

Placing an order is reported by the request's own span (`POST /orders`) with the order as attributes; amendments and
cancellations, which customers also make by telephone, by events. Stock changes come in by a queue.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def storefront(telemetry: Telemetry, client: Client) -> App:
    """The storefront's routes."""
    app = App("storefront", telemetry)

    @app.post("/orders")
    def place_order(payload: dict[str, Any]) -> dict[str, Any]:
        order = payload["order"]
        get_current_span().set_attributes(
            {
                "order.id": order,
                "order.total": payload["total"],
                "order.currency": payload["currency"],
                "order.express": bool(payload.get("express")),
            }
        )
        client.post("crm", "/credit-checks", {"order": order, "total": payload["total"]})
        client.post("erp", "/sales-orders", {"reference": order, "total": payload["total"]})
        return {"order": order}

    @app.post("/orders/{order}/amendment")
    def amend_order(payload: dict[str, Any], order: str) -> dict[str, Any]:
        telemetry.event(
            "shop.order.amended",
            {
                "order.id": order,
                "order.total": payload["total"],
                "order.currency": payload["currency"],
                "amendment": payload["amendment"],
            },
        )
        client.post("erp", "/sales-orders", {"reference": order, "total": payload["total"]})
        return {"order": order}

    @app.post("/orders/{order}/cancellation")
    def cancel_order(payload: dict[str, Any], order: str) -> dict[str, Any]:
        telemetry.event("shop.order.cancelled", {"order.id": order, "reason": payload["reason"]})
        client.post("erp", "/sales-orders", {"reference": order, "rejected": True})
        return {"order": order}

    @app.consume("stock")
    def update_stock(message: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attributes({"stock.movement": message["movement"], "sku": message["sku"]})
        return {}

    return app
