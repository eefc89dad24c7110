"""What an instance's course says of it: stuck, out of order among what has an order, tried again, put right."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from correlator import Correlator, InstanceReader
from model import Amount, Catalog, ManualClock, Milestone, Outcome, Workflow
from store import Store
from tests.correlator.telemetry import RECEIVED, START, Event, log_row, milestones, send, send_rows, workflow

PLACED, MADE, GONE, PAID = milestones(["placed", "made", "gone", "paid"], ends={"paid": Outcome.COMPLETED})


def _flow(*steps: Milestone) -> Workflow:
    return workflow(("order",), tuple(replace(each, place=place) for place, each in enumerate(steps)))


def _stitched(store: Store, flow: Workflow, events: list[Event]) -> None:
    send(store, events)
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))


def _flags(store: Store, flow: Workflow, key: str, now: datetime = START) -> list[str]:
    row = InstanceReader(store, ManualClock(now)).instance("default", flow, key)
    assert row is not None
    return row.flags


def _course(order: str, *steps: str) -> list[Event]:
    """The milestones an order reaches, one a minute."""
    return [Event(f"{order}.{n}", n, step, {"order": order}) for n, step in enumerate(steps)]


def test_an_instance_that_rests_longer_than_its_milestone_allows_is_stuck(store: Store) -> None:
    flow = _flow(replace(PLACED, stuck_after=timedelta(hours=2)), MADE, PAID)
    future = Event("future", 400_000, "made", {"order": "O2"})
    _stitched(
        store, flow, [*_course("O1", "placed"), *_course("O2", "placed"), future, *_course("O3", "placed", "paid")]
    )
    after = START + timedelta(hours=2)
    assert "stuck" not in _flags(store, flow, "O1", after)
    assert "stuck" in _flags(store, flow, "O1", after + timedelta(seconds=1))
    assert "stuck" in _flags(store, flow, "O2", after + timedelta(seconds=1)), "what has not happened yet ends no rest"
    assert "stuck" not in _flags(store, flow, "O3", after + timedelta(days=9)), "what is over is not stuck"


def test_without_a_limit_an_instance_is_stuck_when_it_rests_longer_than_99_of_100_did_from_20_of_them_on(
    store: Store,
) -> None:
    flow = _flow(PLACED, MADE, GONE, PAID)
    past = [
        event
        for n in range(1, 21)
        for event in (
            Event(f"p{n}", 0, "placed", {"order": f"P{n}"}),
            Event(f"m{n}", n, "made", {"order": f"P{n}"}),
            *([Event(f"g{n}", n + 1, "gone", {"order": f"P{n}"})] if n < 20 else []),
        )
    ]
    _stitched(store, flow, [*past, *_course("O1", "placed"), *_course("O2", "placed", "made")])
    longest = START + timedelta(minutes=20)
    assert "stuck" not in _flags(store, flow, "O1", longest)
    assert "stuck" in _flags(store, flow, "O1", longest + timedelta(seconds=1))
    year = START + timedelta(days=365)
    assert "stuck" not in _flags(store, flow, "O2", year), "nineteen past waits say nothing"
    assert "stuck" not in _flags(store, flow, "P1", year), "nobody has ever waited after that milestone"


def test_milestones_of_one_parallel_group_have_no_order_among_themselves(store: Store) -> None:
    flow = _flow(PLACED, replace(MADE, parallel="work"), replace(GONE, parallel="work"), PAID)
    courses = {
        "as declared": ("placed", "made", "gone", "paid"),
        "the other way round": ("placed", "gone", "made", "paid"),
        "one of them so far": ("placed", "gone"),
        "one of them left out": ("placed", "gone", "paid"),
        "before what comes before both": ("gone", "placed", "made"),
        "after the end": ("placed", "made", "paid", "gone"),
    }
    _stitched(store, flow, [event for key, steps in courses.items() for event in _course(key, *steps)])
    assert {key: _flags(store, flow, key) for key in courses} == {
        "as declared": [],
        "the other way round": [],
        "one of them so far": [],
        "one of them left out": ["skipped"],
        "before what comes before both": ["out_of_sequence"],
        "after the end": ["out_of_sequence"],
    }


def test_retries_are_counted_and_exceptions_and_compensations_have_no_place_in_the_order(store: Store) -> None:
    retried, failed, undone = milestones(["retried", "failed", "undone"])
    flow = _flow(
        PLACED,
        replace(retried, kind="retry"),
        replace(failed, kind="exception"),
        MADE,
        replace(undone, kind="compensation"),
        PAID,
    )
    _stitched(
        store,
        flow,
        [
            *_course("smooth", "placed", "made", "paid"),
            *_course("rough", "placed", "failed", "retried", "made", "failed", "retried", "retried", "undone", "paid"),
            *_course("twice", "placed", "made", "made", "paid"),
            *_course("retried only", "retried"),
        ],
    )
    reader = InstanceReader(store, ManualClock(START))
    rows = {key: reader.instance("default", flow, key) for key in ("smooth", "rough", "twice", "retried only")}
    found = {key: (row.retries, row.flags, row.status) for key, row in rows.items() if row is not None}
    assert found == {
        "smooth": (0, [], "completed"),
        "rough": (3, [], "completed"),
        "twice": (0, ["repeated"], "completed"),
        "retried only": (1, [], "in_progress"),
    }
    events, _ = reader.timeline("default", flow, "rough")
    assert [each.kind for each in events] == [
        *("milestone", "exception", "retry", "milestone", "exception", "retry", "retry", "compensation", "milestone")
    ]
    reached = {each.id: each.times for each in reader.milestones("default", flow, "rough")}
    assert reached == {"placed": 1, "retried": 3, "failed": 2, "made": 1, "undone": 1, "paid": 1}


def test_amendments_are_versions_of_the_same_order_and_the_time_in_each_milestone_adds_up(store: Store) -> None:
    [amended] = milestones(["amended"])
    flow = _flow(PLACED, replace(amended, repeatable=True, optional=True), replace(MADE, repeatable=True), GONE, PAID)
    flow = replace(flow, amount=Amount("total"))
    totals = {"placed": "100", "amended": "120.50", "made": "", "amended again": "90"}
    _stitched(
        store,
        flow,
        [
            Event("a", 0, "placed", {"order": "O1"}, "", {"total": totals["placed"]}),
            Event("b", 10, "amended", {"order": "O1"}, "", {"total": totals["amended"]}),
            Event("c", 15, "made", {"order": "O1"}, "", {"total": totals["made"]}),
            Event("d", 20, "amended", {"order": "O1"}, "", {"total": totals["amended again"]}),
            Event("e", 25, "made", {"order": "O1"}),
            Event("f", 400_000, "gone", {"order": "O1"}),
        ],
    )
    reader = InstanceReader(store, ManualClock(START + timedelta(minutes=40)))
    row = reader.instance("default", flow, "O1")
    assert row is not None
    assert (row.amount, row.current_milestone, row.flags) == ("90", "made", ["future_dated"])
    assert reader.workflow_counts("default") == {"w": {"in_progress": 1}}
    reached = {each.id: (each.times, each.rested) for each in reader.milestones("default", flow, "O1")}
    assert reached == {
        "placed": (1, timedelta(minutes=10)),
        "amended": (2, timedelta(minutes=10)),
        "made": (2, timedelta(minutes=20)),
        "gone": (1, timedelta(0)),
        "paid": (0, timedelta(0)),
    }


def test_an_event_is_late_when_it_comes_later_than_its_system_is_ever_silent(store: Store) -> None:
    quarter = timedelta(minutes=15)
    flow = _flow(PLACED, replace(MADE, system="erp", cadence=quarter))
    at = RECEIVED.replace(hour=11)
    rows = [
        {**log_row(Event(f"{name} {key}", 0, name, {"order": key})), "Timestamp": at}
        for key in ("just in time", "late")
        for name in ("placed", "made")
    ]
    for received, wanted in (
        (at + quarter - timedelta(seconds=1), rows[:2]),
        (at + quarter + timedelta(seconds=1), rows[2:]),
    ):
        send_rows(store, "logs", wanted, received_at=received)
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    assert _flags(store, flow, "just in time", at) == []
    assert _flags(store, flow, "late", at) == ["late"]
    events, _ = InstanceReader(store).timeline("default", flow, "late")
    assert {each.milestone: each.flags for each in events} == {"placed": [], "made": ["late"]}
