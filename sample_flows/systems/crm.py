"""The CRM checks credit. It is a SaaS: not instrumented, it posts CloudEvents, and knows the order by its number."""

from __future__ import annotations

from typing import Any

from sample_flows.web import App, Client
from sample_flows.webhook import Webhook


def crm(webhook: Webhook, client: Client) -> App:
    """The CRM's routes."""
    app = App("crm")

    @app.post("/credit-checks")
    def check(payload: dict[str, Any]) -> dict[str, Any]:
        return {"case": f"CASE-{payload['order']}", "decision": "pending"}

    @app.post("/decisions")
    def decide(payload: dict[str, Any]) -> dict[str, Any]:
        order, decision = payload["order"], payload["decision"]
        webhook.event(f"com.example.crm.credit.{decision}", f"{order}-{decision}", {"order": {"number": order}})
        client.post("erp", "/credit-blocks", {"reference": order, "blocked": decision == "held"})
        return {"order": order, "decision": decision}

    return app
