"""Values the tests of this room start from: one order that missed its release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerting.alert import Alert, alert_id
from model import Verdict

NOW = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
TENANT = "default"


def an_alert(key: str = "SO-1001", **changes: Any) -> Alert:
    """A breached order release, open since its deadline."""
    identity = alert_id(TENANT, "order_release", "order_to_cash", key, f"clock-of-{key}")
    labels = {
        "alertname": "order_release",
        "tenant": TENANT,
        "workflow": "order_to_cash",
        "sla": "order_release",
        "severity": "high",
        "owner": "customer-operations",
        "verdict": "breached",
        "criticality": "critical",
        "milestone": "goods_issued",
        "key": key,
    }
    alert = Alert(
        id=identity,
        is_open=True,
        verdict=Verdict.BREACHED,
        verdict_seq=2,
        episode=2,
        workflow="order_to_cash",
        sla="order_release",
        key=key,
        clock=f"clock-of-{key}",
        per="",
        severity="high",
        owner="customer-operations",
        labels=labels,
        keys={"order": (key,)},
        milestone="goods_issued",
        started_at=DEADLINE,
        ended_at=None,
        deadline_at=DEADLINE,
        satisfied_at=None,
        known_at=DEADLINE + timedelta(seconds=5),
    )
    return replace(alert, **changes)
