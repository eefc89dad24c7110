"""The answer key: working time and verdicts, by hand, and in step with the catalog."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

import sample_flows
from model import load_catalog
from sample_flows.case import Case, Step
from sample_flows.feeds import FEEDS, FeedRule, Silence, silences
from sample_flows.findings import ENDS, EXPECTED
from sample_flows.plans import PROCESSES
from sample_flows.promises import CADENCES, CANCELS, RULES, Happening, Promise, Rule, promises_of
from sample_flows.truth import TruthFile, read_truth, really_broken, truth_of
from sample_flows.working_time import FINANCE, FULFILMENT, PURCHASING, OpeningHours, due

CATALOG = Path(sample_flows.__file__).parent / "catalog"


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "start", "count", "until"),
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
        pytest.param(PURCHASING, "2026-11-25T21:30", 4, "2026-11-27T16:30", id="New York keeps Thanksgiving"),
    ],
)
def test_opening_hours(hours: OpeningHours, start: str, count: int, until: str) -> None:
    assert hours.due(_utc(start), timedelta(hours=count)) == _utc(until)


def test_a_pause_moves_what_is_due_and_an_open_one_leaves_nothing_due() -> None:
    start, pause = _utc("2026-03-02T08:00"), (_utc("2026-03-02T09:00"), _utc("2026-03-02T19:00"))
    assert due(start, timedelta(hours=4), None, [pause]) == _utc("2026-03-02T22:00")
    assert due(start, timedelta(hours=4), None, [(pause[0], None)]) is None
    assert due(start, timedelta(hours=1), None, [(pause[0], None)]) == pause[0]


def test_a_pause_in_working_time_stops_working_time_alone() -> None:
    start, pause = _utc("2026-03-06T15:00"), (_utc("2026-03-06T15:30"), _utc("2026-03-09T08:30"))
    assert FINANCE.due(start, timedelta(hours=4), [pause]) == _utc("2026-03-09T12:00")


def test_a_cut_off_is_met_at_its_very_minute() -> None:
    assert FINANCE.cut_off(_utc("2026-03-06T13:00"), time(14), time(17)) == _utc("2026-03-06T16:00")
    assert FINANCE.cut_off(_utc("2026-03-06T13:01"), time(14), time(17)) == _utc("2026-03-09T16:00")


def _judged(*events: tuple[str, str], as_of: str, seen: str = "", **about: str) -> dict[str, Promise]:
    happened = [Happening(name, _utc(at), (("delivery", "8"),), **about) for name, at in events]
    known = {"carrier": _utc(seen)} if seen else {}
    found = promises_of("order_to_cash", happened, _utc(as_of), known)
    assert len({each.sla for each in found}) == len(found)
    return {each.sla: each for each in found}


@pytest.mark.parametrize(
    ("issued", "verdict"), [("2026-11-17T10:00:00", "met"), ("2026-11-17T10:00:00.001", "breached")]
)
def test_a_delivery_issued_at_its_very_promise_is_in_time_and_a_millisecond_later_is_not(
    issued: str, verdict: str
) -> None:
    events = (("delivery_created", "2026-11-16T10:00"), ("goods_issued", issued))
    found = _judged(*events, as_of="2026-11-18T00:00", promise="2026-11-17T10:00:00+00:00")["delivery_as_promised"]
    assert (found.verdict, found.per) == (verdict, "8")


@pytest.mark.parametrize(
    ("as_of", "verdict"),
    [("2026-11-16T10:59", "pending"), ("2026-11-16T11:00", "at_risk"), ("2026-11-16T12:00:01", "breached")],
)
def test_an_unanswered_promise_is_at_risk_after_its_share_and_broken_after_its_deadline(
    as_of: str, verdict: str
) -> None:
    assert _judged(("order_placed", "2026-11-16T08:00"), as_of=as_of)["order_release"].verdict == verdict


def test_a_cancellation_ends_an_open_promise_but_does_not_undo_a_broken_one() -> None:
    for cancelled, verdict in (("2026-11-16T09:00", "cancelled"), ("2026-11-16T13:00", "breached")):
        events = (("order_placed", "2026-11-16T08:00"), ("order_cancelled", cancelled))
        assert _judged(*events, as_of="2026-11-17T00:00")["order_release"].verdict == verdict


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param("2026-11-16T14:01", "breached", id="it has spoken since"),
        pytest.param("2026-11-16T13:00", "at_risk", id="its report may still come"),
        pytest.param("2026-11-16T10:30", "unknown", id="it has been silent for longer than its cadence"),
    ],
)
def test_the_silence_of_a_system_with_a_cadence_is_not_a_breach(seen: str, verdict: str) -> None:
    found = _judged(("goods_issued", "2026-11-16T08:00"), as_of="2026-11-16T14:45", seen=seen)
    assert found["handed_to_carrier"].verdict == verdict


def test_every_amendment_has_a_clock_of_its_own() -> None:
    events = [("order_amended", f"2026-11-16T{at}") for at in ("08:00", "10:00")]
    happened = [Happening(name, _utc(at)) for name, at in [*events, ("amendment_confirmed", "2026-11-16T08:30")]]
    found = promises_of("order_to_cash", happened, _utc("2026-11-16T14:00"), {})
    assert [each.verdict for each in found] == ["met", "breached"]


def test_a_silence_is_too_long_after_its_time_and_not_at_it() -> None:
    rule = FeedRule("speaks", "carrier", timedelta(hours=4))
    heard = [_utc(f"2026-11-16T{at}") for at in ("08:00:10", "08:00:40", "12:00:40", "16:00:41")]
    found = silences(rule, heard, _utc("2026-11-16T20:00:41"))
    assert [each.is_broken(_utc("2026-11-16T20:00:41")) for each in found] == [False, True, False]
    assert [each.is_broken(_utc("2026-11-16T20:00:42")) for each in found] == [False, True, True]
    assert found[0] == Silence("speaks", "carrier", heard[1], _utc("2026-11-16T12:00:40"), heard[2])


def test_what_happens_after_the_look_has_not_happened_yet() -> None:
    rule = FeedRule("speaks", "carrier", timedelta(hours=4))
    heard = [_utc("2026-11-16T08:00"), _utc("2026-11-16T13:00")]
    [only] = silences(rule, heard, _utc("2026-11-16T12:30"))
    assert only.ended_at is None
    assert only.is_broken(_utc("2026-11-16T12:30"))


def test_the_catalog_is_accepted_and_every_promise_in_it_is_the_same_here() -> None:
    catalog = load_catalog(CATALOG)
    assert {workflow.name for workflow in catalog.workflows} == set(RULES) == set(PROCESSES)
    for workflow in catalog.workflows:
        for sla, rule in zip((each for each in workflow.slas if not each.feed), RULES[workflow.name], strict=True):
            _same(sla, rule)
        feeds = [(each.id, each.feed.name, each.every) for each in workflow.slas if each.feed]
        assert feeds == [(rule.sla, rule.system, rule.every) for rule in FEEDS.get(workflow.name, ())]
        assert not any(each.feed and (each.at_risk or each.calendar) for each in workflow.slas)
        ends = {each.id: str(each.ends) for each in workflow.milestones if each.ends}
        assert ends.items() <= ENDS.items()
        assert tuple(key.name for key in workflow.keys if not key.is_trace) == PROCESSES[workflow.name].keys
    assert {system.id: system.cadence for system in catalog.systems if system.cadence} == CADENCES
    cancels = {each.id for workflow in catalog.workflows for each in workflow.milestones if each.ends == "cancelled"}
    assert cancels == CANCELS


def _same(sla: object, rule: Rule) -> None:
    assert (sla.id, sla.from_milestone, sla.to_milestone) == (rule.sla, rule.start, rule.answer)  # type: ignore[attr-defined]
    assert (sla.within, sla.per or "", sla.occurrence == "each") == (rule.within, rule.per, rule.each)  # type: ignore[attr-defined]
    assert sla.at_risk.share == pytest.approx(rule.at_risk)  # type: ignore[attr-defined]
    assert (sla.calendar is None) == (rule.hours is None)  # type: ignore[attr-defined]
    pause = sla.pause and (sla.pause.from_milestone, sla.pause.to_milestone)  # type: ignore[attr-defined]
    assert pause == rule.pause
    cut_off = sla.cut_off and (sla.cut_off.cut_off, sla.cut_off.due)  # type: ignore[attr-defined]
    assert cut_off == rule.cut_off


def test_every_milestone_of_the_catalog_happens_and_is_reported_by_its_system() -> None:
    catalog = load_catalog(CATALOG)
    declared = {(w.name, each.id, each.system) for w in catalog.workflows for each in w.milestones}
    cases = sample_flows.case_history(1, 3000, _utc("2026-11-18T14:00"), 20)
    assert {(case.workflow, step.milestone, step.system) for case in cases for step in case.steps} == declared


def _case(*steps: tuple[str, str]) -> Case:
    told = [
        Step(f"s/{i}", name, "", "", {}, _utc(at), _utc(at), ("SO-1",), (("order", "SO-1"),))
        for i, (name, at) in enumerate(steps)
    ]
    return Case("order_to_cash", 1, "standard", told[0].at, (), tuple(told))


def test_the_truth_file_has_a_line_for_an_instance_with_what_was_reported_by_then(tmp_path: Path) -> None:
    case = _case(("order_placed", "2026-11-16T08:00"), ("order_cancelled", "2026-11-16T19:30"))
    file = TruthFile(tmp_path / "truth.jsonl")
    file.write(case, _utc("2026-11-16T08:30"))
    file.write(case, _utc("2026-11-16T20:30"))
    file.close()
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [[each["milestone"] for each in line["events"]] for line in lines] == [
        ["order_placed"],
        ["order_placed", "order_cancelled"],
    ]
    assert lines[1]["broken"] == ["order_in_reports", "order_release"]
    assert read_truth(tmp_path / "truth.jsonl") == truth_of(case, _utc("2026-11-16T20:30"))


def test_what_is_really_broken_includes_what_was_never_reported() -> None:
    [instance] = truth_of(_case(("order_placed", "2026-11-16T08:00")), _utc("2026-11-16T09:00"))
    assert really_broken(instance, _utc("2026-11-16T09:00")) == []
    assert "order_release" in really_broken(instance, _utc("2026-11-17T09:00"))


def test_the_expected_order_is_that_of_the_catalog() -> None:
    for workflow in load_catalog(CATALOG).workflows:
        groups: dict[str, list[str]] = {}
        for each in workflow.milestones:
            expected = (
                each.kind in ("milestone", "step") and not each.optional and each.ends not in ("cancelled", "failed")
            )
            if expected:
                groups.setdefault(each.parallel or each.id, []).append(each.id)
        assert EXPECTED[workflow.name] == tuple(tuple(group) for group in groups.values())
