"""The tax engine calculates; it is asked once for each invoice. Reports by OTLP/HTTP, by its request spans alone."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def tax(telemetry: Telemetry, _: Client) -> App:
    """The tax engine's routes."""
    app = App("tax", telemetry)

    @app.post("/calculations")
    def calculate(payload: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attributes({"tax.document": payload["document"], "tax.rate": 0.19})
        return {"document": payload["document"], "rate": 0.19}

    @app.post("/commitments")
    def commit(payload: dict[str, Any]) -> dict[str, Any]:
        return {"document": payload["document"]}

    return app
