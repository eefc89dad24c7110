"""The CRM checks credit and keeps accounts. It is a SaaS: not instrumented, it posts CloudEvents."""

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

    @app.post("/accounts")
    def enter_account(payload: dict[str, Any]) -> dict[str, Any]:
        account = payload["account"]
        data = {"account": {"id": account, "role": payload["role"]}}
        webhook.event("com.example.crm.account.entered", f"{account}-entered", data)
        return {"account": account}

    return app
