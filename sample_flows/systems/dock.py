"""The terminal at the loading dock is old and only writes a log; nobody dares to touch it. Reports by OTLP/HTTP.

Its log lines reach the platform by one handler added to Python's `logging`: no spans, no trace, and the event's name
and keys as fields of the line.
"""

from __future__ import annotations

from typing import Any

from sample_flows.telemetry import Telemetry
from sample_flows.web import App, Client


def dock(telemetry: Telemetry, _: Client) -> App:
    """The terminal's only key."""
    app = App("dock")
    log = telemetry.logging("dock.terminal")

    @app.post("/receipts")
    def receive(payload: dict[str, Any]) -> dict[str, Any]:
        order, receipt = payload["purchase_order"], payload["receipt"]
        log.info(
            "goods received for %s, receipt %s",
            order,
            receipt,
            extra={"event.name": "dock.goods.received", "po": order, "receipt": receipt},
        )
        return {"receipt": receipt}

    return app
