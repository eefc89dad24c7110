"""The answer key: opening hours and verdicts, by hand, and in step with the catalog."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import sample_flows
from model import load_catalog
from sample_flows.plan import Order, Step
from sample_flows.promises import promises_of
from sample_flows.truth import TruthFile, truth_of
from sample_flows.working_time import FINANCE, FULFILMENT, OpeningHours

CATALOG = Path(sample_flows.__file__).parent / "catalog"


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "start", "count", "due"),
    [
        pytest.param(FULFILMENT, "2026-11-16T08:00", 4, "2026-11-16T12:00", id="in the middle of the day"),
        pytest.param(
            FULFILMENT, "2026-11-16T20:00", 4, "2026-11-17T08:00", id="an hour today, three from tomorrow at six"
        ),
        pytest.param(FULFILMENT, "2026-11-16T17:00", 4, "2026-11-16T21:00", id="closing time itself is in time"),
        pytest.param(
            FULFILMENT, "2026-11-16T01:00", 4, "2026-11-16T09:00", id="what comes by night counts from the morning"
        ),
        pytest.param(FINANCE, "2026-11-20T15:00", 8, "2026-11-23T14:00", id="finance does not work at weekends"),
        pytest.param(FINANCE, "2026-12-23T15:00", 8, "2026-12-28T14:00", id="nor at Christmas"),
        pytest.param(FINANCE, "2026-12-30T15:00", 8, "2027-01-04T10:00", id="half a day on New Year's Eve"),
    ],
)
def test_opening_hours(hours: OpeningHours, start: str, count: int, due: str) -> None:
    assert hours.due(_utc(start), timedelta(hours=count)) == _utc(due)


def _order(*steps: tuple[str, str], **about: str) -> Order:
    told = [Step(f"s/{i}", name, "", "", {}, _utc(at), _utc(at), **about) for i, (name, at) in enumerate(steps)]
    return Order("SO-1", 1, "standard", told[0].at, 10.0, "EUR", (), tuple(told))


def test_a_delivery_issued_at_its_very_promise_is_in_time_and_a_millisecond_later_is_not() -> None:
    promise = "2026-11-17T10:00:00+00:00"
    for issued, verdict in (("2026-11-17T10:00:00", "met"), ("2026-11-17T10:00:00.001", "breached")):
        order = _order(
            ("delivery_created", "2026-11-16T10:00"), ("goods_issued", issued), delivery="8", promise=promise
        )
        found = {promise.sla: promise for promise in promises_of(order, _utc("2026-11-18T00:00"))}
        assert found["delivery_as_promised"].verdict == verdict
        assert found["delivery_as_promised"].per == "8"


def test_an_unanswered_promise_is_open_until_its_deadline_and_broken_after_it() -> None:
    order = _order(("order_placed", "2026-11-16T08:00"))
    assert [p.verdict for p in promises_of(order, _utc("2026-11-16T12:00"))] == ["open"]
    assert [p.verdict for p in promises_of(order, _utc("2026-11-16T12:00:01"))] == ["breached"]


def test_a_cancellation_ends_an_open_promise_but_does_not_undo_a_broken_one() -> None:
    for cancelled, verdict in (("2026-11-16T09:00", "cancelled"), ("2026-11-16T13:00", "breached")):
        order = _order(("order_placed", "2026-11-16T08:00"), ("order_cancelled", cancelled))
        assert [p.verdict for p in promises_of(order, _utc("2026-11-17T00:00"))] == [verdict]


def test_the_catalog_is_accepted_and_every_promise_in_it_has_an_answer_here() -> None:
    catalog = load_catalog(CATALOG)
    orders = sample_flows.order_history(1, 300, _utc("2026-11-18T14:00"), 20)
    judged = {promise.sla for order in orders for promise in promises_of(order, _utc("2026-12-18T14:00"))}
    assert judged == {sla.id for sla in catalog.slas}
    milestones = {step.milestone for order in orders for step in order.steps}
    assert milestones == {milestone.id for milestone in catalog.workflow("order_to_cash").milestones}


def test_the_truth_file_has_a_line_for_an_order_with_what_was_reported_by_then(tmp_path: Path) -> None:
    order = _order(("order_placed", "2026-11-16T08:00"), ("order_cancelled", "2026-11-16T09:00"))
    file = TruthFile(tmp_path / "truth.jsonl")
    file.write(order, _utc("2026-11-16T08:30"))
    file.write(order, _utc("2026-11-16T09:30"))
    file.close()
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [list(line["milestones"]) for line in lines] == [["order_placed"], ["order_placed", "order_cancelled"]]
    assert lines[1] == truth_of(order, _utc("2026-11-16T09:30"))
    assert lines[1]["milestones"]["order_placed"] == ["2026-11-16T08:00:00.000000Z"]
