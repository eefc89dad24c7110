"""Accelerated time: nothing from the future, and no promise that only seems broken because it is told late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from sample_flows.cli import main
from sample_flows.pacing import FASTEST, SPEED, LiveCase, live_case
from sample_flows.plans import beginning_with
from sample_flows.plans.order_to_cash import EXPRESS, NOISE
from sample_flows.promises import promises_of
from sample_flows.state import Live, StateFile
from sample_flows.truth import truth_of
from throughline.cli import cli

STARTED = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
WORKFLOWS = ("order_to_cash", "inventory_sync", "procure_to_pay", "master_data")


def _live(speed: float, count: int = 600) -> list[LiveCase]:
    return [
        live_case(workflow, 1, ordinal, STARTED, speed=speed)
        for ordinal in range(5001, 5001 + count)
        for workflow in beginning_with(ordinal, WORKFLOWS)
    ]


@pytest.fixture(scope="module")
def live() -> list[LiveCase]:
    return _live(SPEED)


@pytest.fixture(scope="module", params=[1, 2, 17, SPEED, FASTEST], ids=lambda speed: f"{speed:g} times as fast")
def at_some_speed(request: pytest.FixtureRequest) -> list[LiveCase]:
    return _live(request.param, 300)


def test_no_step_happens_before_the_instant_it_is_stamped_with(at_some_speed: list[LiveCase]) -> None:
    for each in at_some_speed:
        for step in each.case.steps:
            assert each.due(step) >= step.at


def test_steps_keep_their_order(at_some_speed: list[LiveCase]) -> None:
    for each in at_some_speed:
        dues = [each.due(step) for step in each.case.steps]
        assert dues == sorted(dues)


def test_most_express_orders_are_over_within_minutes(live: list[LiveCase]) -> None:
    express = [each for each in live if each.case.kind == EXPRESS and not set(each.case.mishaps) - set(NOISE)]
    ends = [max(each.due(step) for step in each.case.steps if not step.gather) - STARTED for each in express]
    assert sum(end < timedelta(minutes=4) for end in ends) > 0.9 * len(ends)


@pytest.mark.parametrize("speed", [2, 17, 60, 1000])
def test_business_time_runs_so_many_times_as_fast_until_it_is_now(speed: float) -> None:
    for each in _live(speed, 50):
        caught_up = each.started_at + each.play
        fast = [step for step in each.case.steps if each.due(step) < caught_up]
        for one, other in pairwise(fast):
            taken = (each.due(other) - each.due(one)) * speed
            assert abs(taken - (other.sent_at - one.sent_at)) < timedelta(milliseconds=1)
        later = [step for step in each.case.steps if step.sent_at > caught_up]
        assert all(each.due(step) == step.sent_at for step in later)


def test_at_the_speed_of_life_all_happens_when_it_happens() -> None:
    for each in _live(1, 50):
        assert each.lag == timedelta(0)
        assert all(each.due(step) - step.sent_at < timedelta(milliseconds=1) for step in each.case.steps)


def test_what_is_kept_is_told_before_its_deadline_so_that_nobody_is_alarmed_in_vain(
    at_some_speed: list[LiveCase],
) -> None:
    later = STARTED + timedelta(days=60)
    speaking = {"carrier": later, "warehouse_load": later, "marketplace": later}
    for each in at_some_speed:
        dues = {step.at: each.due(step) for step in each.case.steps if step.sent_at == step.at}
        promises = [
            promise
            for instance in truth_of(each.case, later)
            for promise in promises_of(each.case.workflow, instance.happened, later, speaking)
        ]
        for promise in promises:
            if promise.verdict == "met" and promise.answered_at in dues and promise.deadline_at:
                assert dues[promise.answered_at] < promise.deadline_at, (each.case.name, promise.sla)


def test_a_late_express_delivery_breaks_its_promise_before_our_eyes(live: list[LiveCase]) -> None:
    late = [each for each in live if each.case.kind == EXPRESS and "late_goods_issue" in each.case.mishaps]
    assert late
    for each in late:
        created = next(step for step in each.case.steps if step.promise)
        left = datetime.fromisoformat(created.promise) - each.due(created)
        assert timedelta(0) < left < timedelta(minutes=15)


def test_the_same_ordinal_is_the_same_case_again() -> None:
    assert live_case("order_to_cash", 1, 77, STARTED) == live_case("order_to_cash", 1, 77, STARTED)
    assert live_case("order_to_cash", 1, 77, STARTED) != live_case("order_to_cash", 2, 77, STARTED)


def test_what_is_under_way_keeps_its_speed_over_a_restart(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    state = file.load(1, 0, 1, (), STARTED)
    state.live = [Live("order_to_cash", 7, STARTED.isoformat(), ("clock_skew",), 300.0)]
    file.save(state)
    assert file.load(1, 0, 1, (), STARTED).live == state.live


@pytest.mark.parametrize("speed", ["0", "0.5", "1001", "fast", "nan"])
def test_a_speed_out_of_bounds_is_refused_in_clear_words(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused = CliRunner().invoke(cli, ["demo", "--speed", speed])
    assert refused.exit_code == 2
    assert "--speed" in refused.output
    with pytest.raises(SystemExit):
        main(["--speed", speed])
    assert "--speed: must be from 1 to 1000" in capsys.readouterr().err


def test_a_live_case_begun_under_a_fault_suffers_from_it() -> None:
    lagging = [live_case("order_to_cash", 1, n, STARTED, ("clock_skew",)) for n in range(1, 30)]
    assert any("clock_skew" in each.case.mishaps for each in lagging)
