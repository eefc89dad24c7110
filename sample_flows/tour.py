"""Three steps for each of the three readers, by examples that are really there. Printed once history has been sent."""

from __future__ import annotations

from datetime import datetime

from sample_flows.case import Case, Step
from sample_flows.plans.order_to_cash import WORKFLOW


class Tour:
    """Looks for good examples among the cases of the history as they go by; later ones are better."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._late: Step | None = None
        self._failed: Step | None = None
        self._double: Step | None = None

    def consider(self, case: Case) -> None:
        """Take note of a case that shows something."""
        if case.workflow != WORKFLOW:
            return
        done = {step.milestone: step for step in case.steps if step.sent_at <= self._until}
        if "late_goods_issue" in case.mishaps and "goods_issued" in done:
            self._late = done["goods_issued"]
        if "tax_engine_down" in case.mishaps and "invoice_posted" in done:
            self._failed = done["invoice_posted"]
        if "second_invoice" in case.mishaps and "payment_received" in done:
            self._double = done["payment_received"]

    def text(self, url: str) -> str:
        """The tour on the dashboard at that address."""
        base = url.rstrip("/")
        late, failed, double = (_page(base, step) for step in (self._late, self._failed, self._double))
        invoice = self._double.values("invoice")[0] if self._double else "900000170"
        return "\n".join(
            [
                "",
                "The history is in. Three steps for each of the three readers:",
                "",
                "  Operations: which orders need me?",
                f"    1. {base}/  the promises: which are broken or about to be",
                f"    2. {base}/workflows/{WORKFLOW}?sla=delivery_as_promised&verdict=breached  the late deliveries",
                f"    3. {late}  one of them: when it was promised, when the warehouse issued it",
                "  On-call: what was I told, is it over, is it one order or a system?",
                f"    1. {base}/alerts  what is firing, who owns it; acknowledge or silence it there",
                f"    2. {failed}  an invoice that was late: its timeline names the tax engine that did not answer",
                f"    3. {base}/systems  which systems report, and which have gone silent",
                "  Auditors: what happened to this one, and how do we know?",
                f"    1. {base}/search?q={invoice}  a payment's invoice; the bank knows nothing but this number",
                f"    2. {double}  its order, billed twice: each event with its source, times and links",
                f"    3. {base}/slas  every promise, its objective, and the ledger of all verdicts",
                "",
            ]
        )


def _page(base: str, step: Step | None) -> str:
    page = f"{base}/workflows/{WORKFLOW}"
    return f"{page}/instances/{step.instances[0]}" if step else page
