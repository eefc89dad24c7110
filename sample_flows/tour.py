"""Three steps for each of the three readers, by examples that are really there. Printed once history has been sent."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sample_flows.case import Case, Step
from sample_flows.findings import ENDS
from sample_flows.plans.order_to_cash import WORKFLOW
from sample_flows.truth import really_broken, truth_of


class _Sight(NamedTuple):
    """A mishap worth a look: the step by which it shows, the promise it has broken, and whether it is still open."""

    mishap: str
    milestone: str
    broken: str = ""
    is_open: bool = False


_SIGHTS = (
    _Sight("late_goods_issue", "goods_issued", "delivery_as_promised", is_open=True),
    _Sight("tax_engine_down", "invoice_posted", "invoice_after_goods_issue"),
    _Sight("second_invoice", "payment_received"),
)


class Tour:
    """Looks for good examples among the cases of the history as they go by; among equally good ones later is better."""

    def __init__(self) -> None:
        self._found: dict[str, Step] = {}
        self._best: dict[str, tuple[bool, datetime]] = {}

    def consider(self, case: Case, until: datetime) -> None:
        """Take note of a case that shows something by then."""
        if case.workflow != WORKFLOW:
            return
        for sight in _SIGHTS:
            if sight.mishap in case.mishaps:
                done = {step.milestone: step for step in case.steps if step.sent_at <= until}
                if sight.milestone in done:
                    self._note(sight.mishap, done[sight.milestone], is_good=_is_worth_it(case, sight, until))

    def merge(self, other: Tour) -> None:
        """Take note of what another has found."""
        for mishap, step in other._found.items():
            self._note(mishap, step, is_good=other._best[mishap][0])

    def _note(self, mishap: str, step: Step, *, is_good: bool) -> None:
        rank = (is_good, step.at)
        if mishap not in self._best or self._best[mishap] < rank:
            self._best[mishap], self._found[mishap] = rank, step

    def text(self, url: str) -> str:
        """The tour on the dashboard at that address."""
        base = url.rstrip("/")
        late_ones = f"{base}/workflows/{WORKFLOW}?status=in_progress&sla=delivery_as_promised&verdict=breached"
        late, failed, double = (_page(base, self._found.get(sight.mishap)) for sight in _SIGHTS)
        billed = self._found.get("second_invoice")
        invoice = billed.values("invoice")[0] if billed else "900000170"
        return "\n".join(
            [
                "",
                "The history is in. Three steps for each of the three readers:",
                "",
                "  Operations: which orders need me?",
                f"    1. {base}/  the promises: which are broken or about to be",
                f"    2. {late_ones}  late, and not over yet",
                f"    3. {late}  one of them: when it was promised, when the warehouse issued it",
                "  On-call: what was I told, is it over, is it one order or a system?",
                f"    1. {base}/alerts  what is firing, newest first, and who owns it; acknowledge or silence it there",
                f"    2. {failed}  an invoice that failed at first: its timeline names the tax engine that was down",
                f"    3. {base}/systems  which systems report, and which have gone silent",
                "  Auditors: what happened to this one, and how do we know?",
                f"    1. {base}/search?q={invoice}  a payment's invoice; the bank knows nothing but this number",
                f"    2. {double}  its order, billed twice: each event with its source, times and links",
                f"    3. {base}/slas  every promise, its objective, and the ledger of all verdicts",
                "",
            ]
        )


def _is_worth_it(case: Case, sight: _Sight, until: datetime) -> bool:
    told = truth_of(case, until)
    if sight.is_open and any(each.milestone in ENDS for instance in told for each in instance.known):
        return False
    return not sight.broken or any(sight.broken in really_broken(instance, until) for instance in told)


def _page(base: str, step: Step | None) -> str:
    page = f"{base}/workflows/{WORKFLOW}"
    return f"{page}/instances/{step.instances[0]}" if step else page
