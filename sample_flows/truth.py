"""What really happened, one JSON line per order, for whoever wants to hold the platform to it.

A later line about the same order replaces the earlier one. The platform never sees this file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sample_flows.plan import Order
from sample_flows.promises import promises_of


def truth_of(order: Order, as_of: datetime) -> dict[str, Any]:
    """The order as reported by `as_of`: milestones with their times, keys as normalized, faults, promises.

    `held_back` names the milestones whose report was sent later than they happened, `delivered_twice` those whose
    report was sent twice.
    """
    happened = [step for step in order.steps if step.sent_at <= as_of]
    milestones: dict[str, list[str]] = defaultdict(list)
    for step in happened:
        milestones[step.milestone].append(_text(step.at))
    return {
        "workflow": "order_to_cash",
        "key": order.number,
        "as_of": _text(as_of),
        "kind": order.kind,
        "faults": list(order.faults),
        "keys": {
            "order": [order.number],
            "delivery": sorted({step.delivery for step in happened if step.delivery}),
            "invoice": sorted({step.invoice for step in happened if step.invoice}),
        },
        "amount": f"{order.total:.2f}",
        "currency": order.currency,
        "milestones": dict(milestones),
        "held_back": [step.milestone for step in happened if step.sent_at > step.at],
        "delivered_twice": [step.milestone for step in happened if step.fault == "redeliver"],
        "duplicate_effect": len(milestones.get("invoice_posted", ())) > 1,
        "promises": [
            {
                "sla": promise.sla,
                "per": promise.per,
                "started_at": _text(promise.started_at),
                "deadline_at": _text(promise.deadline_at),
                "answered_at": _text(promise.answered_at) if promise.answered_at else None,
                "verdict": promise.verdict,
            }
            for promise in promises_of(order, as_of)
        ],
    }


class TruthFile:
    """Appends truths to a file; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8") if path else None

    def write(self, order: Order, as_of: datetime) -> None:
        """Append what is true of the order at `as_of`."""
        if self._file:
            self._file.write(json.dumps(truth_of(order, as_of), separators=(",", ":")) + "\n")

    def flush(self) -> None:
        """Hand all lines to the operating system."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Write out and close."""
        if self._file:
            self._file.close()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
