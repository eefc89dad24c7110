"""The ERP: deliveries and invoices, purchase orders and their invoices, stock, business partners. Reports by OTLP/HTTP.

It keeps the storefront's order number as a reference and pads its own delivery numbers with zeros (`0080000170`), which
the warehouse and the carrier do not. An invoice names the deliveries it bills, not the order.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client, Unavailable


def erp(telemetry: Telemetry, client: Client) -> App:
    """The ERP's routes, by module."""
    app = App("erp", telemetry)
    _sales(app, telemetry, client)
    _billing(app, telemetry, client)
    _purchasing(app, telemetry)
    _stock(app, telemetry, client)
    _partners(app, telemetry)
    return app


def _sales(app: App, telemetry: Telemetry, client: Client) -> None:
    @app.post("/sales-orders")
    def take_order(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("sales_order.reference", payload["reference"])
        return {"reference": payload["reference"]}

    @app.post("/confirmations")
    def confirm_amendment(payload: dict[str, Any]) -> dict[str, Any]:
        about = {"sales_order.reference": payload["order"], "amendment": payload["amendment"]}
        telemetry.event("erp.sales_order.confirmed", about)
        return {}

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


def _billing(app: App, telemetry: Telemetry, client: Client) -> None:
    @app.post("/invoices")
    def post_invoice(payload: dict[str, Any]) -> dict[str, Any]:
        about = {
            "invoice.number": payload["invoice"],
            "delivery.id": [delivery.zfill(10) for delivery in payload["deliveries"]],
        }
        try:
            client.post("tax", "/commitments", {"document": payload["invoice"]})
        except Unavailable as gone:
            telemetry.event("erp.invoice.failed", {**about, "reason": str(gone)})
            return {"invoice": payload["invoice"], "posted": False}
        total = {"invoice.total": payload["total"], "invoice.currency": payload["currency"]}
        telemetry.event("erp.invoice.posted", {**about, **total, "status": "posted"})
        client.post("bank", "/expected-payments", {"reference": payload["invoice"], "amount": payload["total"]})
        return {"invoice": payload["invoice"], "posted": True}

    @app.post("/credit-memos")
    def post_credit_memo(payload: dict[str, Any]) -> dict[str, Any]:
        about = {"invoice.number": payload["invoice"], "credit_memo.number": payload["memo"]}
        telemetry.event("erp.credit_memo.posted", {**about, "credit_memo.total": payload["total"]})
        return {"memo": payload["memo"]}

    @app.post("/open-items")
    def clear_open_item(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("invoice.number", payload["invoice"])
        return {"invoice": payload["invoice"], "cleared": True}


def _purchasing(app: App, telemetry: Telemetry) -> None:
    @app.post("/purchase-orders")
    def order(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event(
            "erp.purchase_order.sent",
            {
                "requisition.number": payload["requisition"],
                "purchase_order.number": payload["purchase_order"],
                "promise.date": payload["promise"],
            },
        )
        return {"purchase_order": payload["purchase_order"]}

    for path, name in (
        ("/invoice-blocks", "blocked"),
        ("/invoice-releases", "released"),
        ("/invoice-matches", "matched"),
    ):

        @app.post(path)
        def decide(payload: dict[str, Any], name: str = name) -> dict[str, Any]:
            about = {"supplier_invoice.number": payload["invoice"]}
            if "purchase_order" in payload:
                about["purchase_order.number"] = payload["purchase_order"]
            telemetry.event(f"erp.supplier_invoice.{name}", about)
            return {"invoice": payload["invoice"]}


def _stock(app: App, telemetry: Telemetry, client: Client) -> None:
    @app.post("/stock-postings")
    def post_stock(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event("erp.stock.posted", {"stock.movement": payload["movement"], "sku": payload["sku"]})
        client.publish("stock", payload, to=("storefront", "marketplace"))
        return {"movement": payload["movement"]}


def _partners(app: App, telemetry: Telemetry) -> None:
    @app.post("/partners")
    def create(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event(
            "erp.partner.created", {"crm.account": payload["account"], "partner.number": payload["partner"].zfill(10)}
        )
        return {"partner": payload["partner"]}

    @app.post("/partner-holds")
    def hold(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event("erp.partner.duplicate_suspected", {"crm.account": payload["account"]})
        return {}

    @app.post("/partner-releases")
    def release(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event("erp.partner.released", {"crm.account": payload["account"]})
        return {}
