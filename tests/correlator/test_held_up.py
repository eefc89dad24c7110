"""A definition that ClickHouse refuses holds up its own workflow only, and the reason is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from correlator import Correlator, InstanceReader, WorkflowsHeldUp, rebuild_progress
from model import Catalog, Comparison, Condition, ManualClock, Match, Milestone, Workflow
from store import Store
from tests.correlator.telemetry import RECEIVED, Event, milestones, send, workflow

GOOD = workflow(("order",), milestones(["placed", "paid"]), name="good")
BAD = workflow(("order",), milestones(["placed", "paid"]), name="bad")


def _with_pattern(flow: Workflow, pattern: str) -> Workflow:
    """As no catalog can say it: patterns are checked when it is read."""
    strange = Milestone("placed", 0, Match(event=Condition(Comparison.PATTERN, operand=pattern)), "Placed")
    return replace(flow, milestones=(strange, *flow.milestones[1:]), hash=f"{pattern}-1")


def test_a_definition_that_is_refused_holds_up_no_other_workflow(store: Store) -> None:
    correlator, reader = Correlator(store, ManualClock(RECEIVED)), InstanceReader(store, ManualClock(RECEIVED))
    both = Catalog((_with_pattern(BAD, "place(?=d)"), GOOD))
    for order in ("O1", "O2"):
        send(store, [Event(order, 0, "placed", {"order": order})])
        with pytest.raises(WorkflowsHeldUp, match=r"workflow bad is held up: .*perl operator") as told:
            correlator.tick("default", both)
        assert (list(told.value.reasons), told.value.report.segments, told.value.report.events) == (["bad"], 1, 1)
    assert reader.workflow_counts("default") == {"good": {"in_progress": 2}}
    assert correlator.tick("default", Catalog((_with_pattern(BAD, "place[d]"), GOOD))).version > 0
    assert reader.workflow_counts("default") == {name: {"in_progress": 2} for name in ("bad", "good")}


def test_nor_does_it_hold_up_the_rebuild_of_another(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    correlator, reader = Correlator(store, clock), InstanceReader(store, clock)
    send(store, [Event("O1", 0, "placed", {"order": "O1"})])
    correlator.tick("default", Catalog((BAD, GOOD)))
    clock.advance(timedelta(minutes=1))
    changed = replace(GOOD, milestones=(replace(GOOD.milestones[0], id="ordered"), GOOD.milestones[1]), hash="h2")
    both = Catalog((_with_pattern(BAD, "place(?=d)"), changed))
    with pytest.raises(WorkflowsHeldUp, match="workflow bad"):
        correlator.tick("default", both)
    assert [rebuild_progress(store, "default", name).is_running for name in ("bad", "good")] == [True, False]
    found = {name: reader.instance("default", flow, "O1") for name, flow in (("bad", BAD), ("good", changed))}
    assert {name: row and row.current_milestone for name, row in found.items()} == {"bad": "placed", "good": "ordered"}
    correlator.tick("default", Catalog((_with_pattern(BAD, "pla.*"), changed)))
    assert not rebuild_progress(store, "default", "bad").is_running
    assert reader.workflow_counts("default") == {name: {"in_progress": 1} for name in ("bad", "good")}


def test_a_definition_may_be_longer_than_a_statement_is_by_the_engines_own_bound(store: Store) -> None:
    many = Condition(Comparison.ANY_OF, tuple(f"material {number}" for number in range(10_000)))
    picked = Milestone("picked", 0, Match(event=Condition(Comparison.ANY_OF, ("p",)), attributes=(("sku", many),)), "P")
    flow = replace(GOOD, milestones=(picked,), hash="h3")
    send(store, [Event("1", 0, "p", {"order": "O1"}, attributes={"sku": "material 9999"})])
    send(store, [Event("2", 0, "p", {"order": "O2"}, attributes={"sku": "material"})])
    assert Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,))).events == 1
