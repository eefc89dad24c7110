"""What a verdict does to its alert, each row a rule."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from alerting.alert import Alert, alert_id
from alerting.lifecycle import Facts, Reason, followed, returned, withdrawn
from model import Feed, Verdict
from sla_engine import ClockRow
from tests.alerting.examples import DEADLINE, PROMISE, RELEASE, a_catalog, a_row, an_alert

CATALOG = a_catalog()
BREACHED = an_alert()
RISK = an_alert(
    verdict=Verdict.AT_RISK,
    verdict_seq=1,
    episode=1,
    started_at=DEADLINE - timedelta(hours=1),
    labels={**BREACHED.labels, "verdict": "at_risk"},
)
OVER = replace(BREACHED, is_open=False, verdict=Verdict.MET, verdict_seq=3, ended_at=DEADLINE)


@pytest.mark.parametrize(
    ("before", "verdict", "seq", "reason"),
    [
        pytest.param(None, "breached", 2, Reason.OPENED, id="a breach opens an alert"),
        pytest.param(None, "at_risk", 2, Reason.OPENED, id="a risk opens an alert"),
        pytest.param(None, "met", 2, Reason.NOT_ALARMING, id="a promise that was kept is nothing to alert of"),
        pytest.param(None, "pending", 2, Reason.NOT_ALARMING, id="a clock that begins is nothing to alert of"),
        pytest.param(None, "unknown", 2, Reason.NOBODY_KNOWS, id="what nobody knows opens nothing"),
        pytest.param(BREACHED, "unknown", 9, Reason.NOBODY_KNOWS, id="what nobody knows ends nothing"),
        pytest.param(RISK, "breached", 2, Reason.WORSENED, id="a risk that becomes a breach is the same alert, worse"),
        pytest.param(BREACHED, "at_risk", 3, Reason.EASED, id="a breach whose deadline moved is a risk again"),
        pytest.param(BREACHED, "breached", 3, Reason.UPDATED, id="a breach that was answered late is still a breach"),
        pytest.param(BREACHED, "met", 3, Reason.RESOLVED, id="an answer that arrives late but was in time ends it"),
        pytest.param(BREACHED, "cancelled", 3, Reason.RESOLVED, id="a cancelled order ends it"),
        pytest.param(BREACHED, "excused", 3, Reason.RESOLVED, id="an excuse ends it"),
        pytest.param(BREACHED, "pending", 3, Reason.RESOLVED, id="a pause found later ends it"),
        pytest.param(OVER, "met", 4, Reason.NOT_ALARMING, id="what is over cannot end again"),
        pytest.param(OVER, "breached", 4, Reason.OPENED_AGAIN, id="a second breach of the same clock is a new episode"),
        pytest.param(BREACHED, "breached", 2, Reason.FOLLOWED_BEFORE, id="the same row twice changes nothing"),
        pytest.param(BREACHED, "met", 1, Reason.FOLLOWED_BEFORE, id="an older row changes nothing"),
    ],
)
def test_a_verdict_and_its_alert(before: Alert | None, verdict: str, seq: int, reason: Reason) -> None:
    decision = followed(before, a_row(verdict, seq), CATALOG, Facts())
    assert decision.reason is reason
    quiet = {Reason.NOT_ALARMING, Reason.NOBODY_KNOWS, Reason.FOLLOWED_BEFORE}
    assert (decision.alert is None) == (reason in quiet)


@pytest.mark.parametrize(
    ("before", "verdict", "reason"),
    [
        pytest.param(None, "breached", Reason.OF_REBUILD, id="what was long over opens no alert"),
        pytest.param(OVER, "at_risk", Reason.OF_REBUILD, id="nor does it open one again"),
        pytest.param(RISK, "breached", Reason.WORSENED, id="an open alert becomes what it is"),
        pytest.param(BREACHED, "met", Reason.RESOLVED, id="and ends where the promise was kept after all"),
    ],
)
def test_what_only_a_rebuild_has_put_right_opens_nothing(before: Alert | None, verdict: str, reason: Reason) -> None:
    decision = followed(before, a_row(verdict, 4, of_rebuild=True), CATALOG, Facts())
    assert decision.reason is reason
    assert (decision.alert is None) == (reason is Reason.OF_REBUILD)


def test_a_new_alert_says_all_that_is_known() -> None:
    facts = Facts({"order": ("SO-1001",), "invoice": ("INV-7",)}, "120.00", "EUR")
    decision = followed(None, a_row(), CATALOG, facts)
    assert decision.alert == replace(
        BREACHED, keys={"order": ("SO-1001",), "invoice": ("INV-7",)}, amount="120.00", currency="EUR"
    )


def test_an_alert_of_one_delivery_names_it() -> None:
    alert = followed(None, a_row(sla=PROMISE.id, per="D-7"), CATALOG, Facts()).alert
    assert alert is not None
    assert (alert.per, alert.labels["per"], alert.keys) == ("D-7", "D-7", {"order": ("SO-1001",), "delivery": ("D-7",)})


def test_an_alert_about_a_feed_has_the_keys_of_no_instance() -> None:
    feed = replace(RELEASE, id="reports", within=None, every=timedelta(minutes=15), feed=Feed("wms", ("goods_issued",)))
    alert = followed(None, a_row(sla=feed.id, key="wms"), a_catalog(slas=(feed,)), Facts()).alert
    assert alert is not None
    assert (alert.key, alert.keys, alert.labels["system"]) == ("wms", {}, "wms")


@pytest.mark.parametrize(
    ("of_sla", "of_workflow", "owner"),
    [
        pytest.param("warehouse", "customer-operations", "warehouse", id="the promise's own"),
        pytest.param(None, "customer-operations", "customer-operations", id="else the workflow's"),
        pytest.param(None, None, "no owner", id="else it is said that there is none"),
    ],
)
def test_who_owns_an_alert(of_sla: str | None, of_workflow: str | None, owner: str) -> None:
    catalog = a_catalog(slas=(replace(RELEASE, owner=of_sla),), owner=of_workflow)
    alert = followed(None, a_row(), catalog, Facts()).alert
    assert alert is not None
    assert (alert.owner, alert.labels["owner"]) == (owner, owner)


def test_a_worse_verdict_keeps_when_it_began_and_its_episode() -> None:
    alert = followed(RISK, a_row(), CATALOG, Facts()).alert
    assert alert == replace(BREACHED, started_at=RISK.started_at, episode=1)


def test_a_resolved_alert_keeps_its_labels_and_says_what_ended_it() -> None:
    row = a_row("met", 3, satisfied_at=DEADLINE, reason="answered in time", known_at=DEADLINE + timedelta(hours=1))
    alert = followed(BREACHED, row, CATALOG, Facts()).alert
    assert alert is not None
    assert alert.labels == BREACHED.labels
    assert (alert.is_open, alert.verdict, alert.ended_at) == (False, Verdict.MET, row.known_at)
    assert (alert.satisfied_at, alert.reason, alert.told) == (DEADLINE, "answered in time", "2:resolved")


def test_a_promise_that_left_the_catalog_alerts_nobody_but_an_open_alert_still_ends() -> None:
    catalog = a_catalog(slas=())
    assert followed(None, a_row(), catalog, Facts()).reason is Reason.NOT_IN_CATALOG
    assert followed(BREACHED, a_row("met", 3), catalog, Facts()).reason is Reason.RESOLVED


def test_the_alert_of_a_promise_that_left_the_catalog_is_over_for_a_reason_with_a_name() -> None:
    decision = withdrawn(BREACHED, DEADLINE + timedelta(hours=1))
    assert decision.reason is Reason.WITHDRAWN
    assert decision.alert is not None
    assert (decision.alert.is_open, decision.alert.ended_at) == (False, DEADLINE + timedelta(hours=1))
    assert (decision.alert.verdict, decision.alert.told) == (Verdict.UNKNOWN, "2:resolved")


def a_clock(verdict: str) -> ClockRow:
    row = a_row(verdict, reason="still so")
    return ClockRow(
        **{each.name: getattr(row, each.name) for each in fields(ClockRow) if each.name != "flags"}, flags=[]
    )


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        pytest.param(a_clock("breached"), (True, Verdict.BREACHED), id="what is broken fires again"),
        pytest.param(a_clock("at_risk"), (True, Verdict.AT_RISK), id="so does what is endangered"),
        pytest.param(a_clock("unknown"), (True, Verdict.BREACHED), id="what nobody knows is as it was"),
        pytest.param(a_clock("met"), (False, Verdict.MET), id="what was kept meanwhile stays over"),
        pytest.param(None, (False, Verdict.CANCELLED), id="a clock that is gone stays over"),
    ],
)
def test_the_alert_of_a_promise_that_came_back(clock: ClockRow | None, expected: tuple[bool, Verdict]) -> None:
    gone = withdrawn(BREACHED, DEADLINE + timedelta(hours=1)).alert
    assert gone is not None
    alert = returned(gone, clock).alert
    assert alert is not None
    assert (alert.is_open, alert.verdict) == expected
    assert (alert.ended_at is None, alert.episode) == (alert.is_open, BREACHED.episode)


def test_an_alert_is_named_by_what_it_is_about_and_by_nothing_else() -> None:
    assert alert_id("t", "s", "w", "k", "c") == alert_id("t", "s", "w", "k", "c")
    others = [("t2", "s", "w", "k", "c"), ("t", "s2", "w", "k", "c"), ("t", "s", "w2", "k", "c")]
    others += [
        ("t", "s", "w", "k2", "c"),
        ("t", "s", "w", "k", "c2"),
        ("t", "sw", "", "k", "c"),
        ("ts", "", "w", "k", "c"),
    ]
    assert len({alert_id(*each) for each in [("t", "s", "w", "k", "c"), *others]}) == len(others) + 1
