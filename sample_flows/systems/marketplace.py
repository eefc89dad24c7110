"""The marketplace sells the same goods: stock changes reach it by a queue. Reports by OTLP/HTTP."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def marketplace(telemetry: Telemetry, _: Client) -> App:
    """The marketplace's queue."""
    app = App("marketplace", telemetry)

    @app.consume("stock")
    def update_listing(message: dict[str, Any]) -> dict[str, Any]:
        get_current_span().set_attributes({"stock.movement": message["movement"], "listing": message["sku"].lower()})
        return {}

    return app
