"""The warehouse system picks and issues deliveries and moves stock; of an order it knows nothing but the delivery.

Reports by OTLP/gRPC.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def wms(telemetry: Telemetry, client: Client) -> App:
    """The warehouse system's routes."""
    app = App("wms", telemetry)

    @app.post("/deliveries")
    def take_delivery(payload: dict[str, Any]) -> dict[str, Any]:
        delivery = payload["delivery"].lstrip("0")
        get_current_span().set_attribute("delivery.id", delivery)
        return {"delivery": delivery}

    @app.post("/goods-issues")
    def issue_goods(payload: dict[str, Any]) -> dict[str, Any]:
        delivery = payload["delivery"]
        telemetry.event("wms.goods.issued", {"delivery.id": delivery, "warehouse": "HAM1"})
        client.post("erp", "/goods-movements", {"delivery": delivery})
        client.post("carrier", "/pick-ups", {"delivery": delivery})
        return {"delivery": delivery}

    @app.post("/stock-movements")
    def move_stock(payload: dict[str, Any]) -> dict[str, Any]:
        about = {"stock.movement": payload["movement"], "sku": payload["sku"], "stock.quantity": payload["quantity"]}
        telemetry.event("wms.stock.changed", about)
        return {"movement": payload["movement"]}

    return app
