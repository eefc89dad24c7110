"""The carrier collects parcels. A SaaS that posts CloudEvents; it knows the delivery from the label on the parcel."""

from __future__ import annotations

from typing import Any

from sample_flows.web import App, Client
from sample_flows.webhook import Webhook


def carrier(webhook: Webhook, _: Client) -> App:
    """The carrier's routes."""
    app = App("carrier")

    @app.post("/pick-ups")
    def announce(payload: dict[str, Any]) -> dict[str, Any]:
        return {"delivery": payload["delivery"]}

    @app.post("/collections")
    def collect(payload: dict[str, Any]) -> dict[str, Any]:
        delivery = payload["delivery"]
        webhook.event(
            "com.example.carrier.parcel.collected",
            f"{delivery}-collected",
            {"parcel": {"delivery": delivery, "depot": "Hamburg"}},
        )
        return {"delivery": delivery}

    return app
