"""The procurement suite: requisitions and their approval. A SaaS in New York that posts CloudEvents."""

from __future__ import annotations

from typing import Any

from sample_flows.web import App, Client
from sample_flows.webhook import Webhook


def procurement(webhook: Webhook, _: Client) -> App:
    """The procurement suite's routes."""
    app = App("procurement")

    @app.post("/requisitions")
    def raise_requisition(payload: dict[str, Any]) -> dict[str, Any]:
        number = payload["requisition"]
        data = {"requisition": {"id": number, "total": payload["total"], "currency": payload["currency"]}}
        webhook.event("com.example.procurement.requisition.raised", f"{number}-raised", data)
        return {"requisition": number}

    @app.post("/decisions")
    def decide(payload: dict[str, Any]) -> dict[str, Any]:
        number, decision = payload["requisition"], payload["decision"]
        data = {"requisition": {"id": number}}
        webhook.event(f"com.example.procurement.requisition.{decision}", f"{number}-{decision}", data)
        return {"requisition": number}

    @app.post("/partners")
    def take_partner(payload: dict[str, Any]) -> dict[str, Any]:
        partner = payload["partner"]
        data = {"partner": {"number": partner}}
        webhook.event("com.example.procurement.partner.synced", f"{partner}-synced", data)
        return {"partner": partner}

    return app
