"""The bank receives payments; all it knows is the invoice number on the remittance. Reports by OTLP/HTTP."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def bank(telemetry: Telemetry, client: Client) -> App:
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

    return app
