"""The compiled statements, whole: a change of the compiler shows as a change of a golden file.

Write them anew with THROUGHLINE_GOLDEN=write.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from correlator.compiling import compiled, in_parts
from model import (
    Amount,
    Comparison,
    Condition,
    Filter,
    KeyType,
    Match,
    Milestone,
    Outcome,
    Promise,
    Sla,
    Tier,
    Workflow,
)
from tests.correlator.telemetry import exact

GOLDEN = Path(__file__).parent / "golden"
KEYS = (
    KeyType("order", 0, (("order.id",), ("sales_order.number",)), ("trim", "strip_leading_zeros")),
    KeyType("trace", 1, window=timedelta(hours=1)),
    KeyType("invoice", 2, (("company.code", "invoice.number"), ("invoice.id",)), ("upper",)),
)
FLOW = Workflow(
    "order_to_cash",
    "Order to cash",
    KEYS,
    "order",
    (
        Milestone("placed", 0, Match(span=exact("POST /orders"), service=exact("shop*")), "Placed", system="shop"),
        Milestone(
            "posted",
            1,
            Match(
                event=exact("posted", "it's \\ posted"),
                attributes=(("status", exact("ok")), ("total", Condition(Comparison.GTE, operand=0.5))),
            ),
            "Posted",
            unique=True,
            ends=Outcome.COMPLETED,
        ),
    ),
    amount=Amount("total", "currency"),
    hash="h1",
)
OTHER = Workflow(
    "other", "Other", (KEYS[0],), "order", (Milestone("seen", 0, Match(event=exact("*seen")), "Seen"),), hash="h2"
)


@pytest.mark.parametrize("name", ["logs", "spans"])
def test_compiled_statements_are_as_recorded(name: str) -> None:
    pretty = getattr(compiled([FLOW, OTHER], pretty=True), name) + "\n"
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("THROUGHLINE_GOLDEN") == "write":
        file.write_text(pretty)
    assert pretty == file.read_text()


def test_many_workflows_are_compiled_into_statements_of_bounded_length() -> None:
    longest = len(compiled([FLOW]).spans) + 1
    parts = in_parts([FLOW, OTHER, FLOW], longest)
    assert len(parts) > 1
    assert all(len(each.spans) <= longest * 2 for each in parts)


def test_what_the_definition_names_is_kept_of_a_resource() -> None:
    """Whoever judges a promise later finds on the event what the promise asks of it."""
    asked = Filter(attributes=(("cloud.region", exact("eu")),))
    tier = Tier(Filter(attributes=(("tenant.tier", exact("gold")),)), timedelta(hours=1))
    sla = Sla("s", "w", "S", "placed", "posted", promise=Promise("promised.on"), where=asked, tiers=(tier,))
    names = ("cloud.region", "tenant.tier", "promised.on")
    assert [f"'{name}'" in compiled([FLOW]).logs for name in names] == [False] * 3
    assert [f"'{name}'" in compiled([replace(FLOW, slas=(sla,))]).logs for name in names] == [True] * 3
    critical = replace(FLOW, criticality_attribute="order.priority")
    assert "'order.priority'" in compiled([critical]).logs
