"""The bank. Payments it receives are reported by OTLP/HTTP, payments it makes stand in a statement it drops as a file.

All it knows is the invoice number on the remittance.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.statement import Statement
from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def bank(telemetry: Telemetry, client: Client, statement: Statement) -> App:
    """The bank's routes."""
    app = App("bank", telemetry)

    @app.post("/expected-payments")
    def expect(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attribute("remittance.reference", payload["reference"])
        return {"reference": payload["reference"]}

    @app.post("/transfers")
    def receive(payload: dict[str, Any]) -> dict[str, Any]:
        telemetry.event(
            "bank.payment.received",
            {
                "remittance.reference": payload["reference"],
                "payment.amount": payload["amount"],
                "payment.currency": payload["currency"],
            },
        )
        client.post("erp", "/open-items", {"invoice": payload["reference"]})
        return {"reference": payload["reference"]}

    @app.post("/payments")
    def pay(payload: dict[str, Any]) -> dict[str, Any]:
        statement.book(payload["payment"], payload["reference"], payload["amount"], payload["currency"])
        return {"payment": payload["payment"]}

    @app.post("/statements")
    def drop_statement(payload: dict[str, Any]) -> dict[str, Any]:
        return {"file": str(statement.drop(payload["name"]) or "")}

    return app
