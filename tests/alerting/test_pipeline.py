"""Who is told what: routes, groups, silences, and that nobody is told twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alerting.alert import Alert, Links
from alerting.pipeline import Context, Flow, Ruling, Told, run
from alerting.rendering import Renderer
from alerting.routing import LOG, receivers_for
from alerting.silence import Silence
from model import Receiver, Route, Verdict
from tests.alerting.examples import DEADLINE, NOW, TENANT, a_catalog, an_alert

HOOK = Receiver("webhook", "http://127.0.0.1:9099/hook")
MAIL = Receiver("email", "ops@example.org")
ONCALL = Route("oncall", (("severity", ("high", "critical")),), (HOOK,), continue_=True)
OPS = Route("mail", (("owner", ("customer-operations",)),), (MAIL,))
ALL = Route("all", (), (HOOK,))
RENDERER = Renderer(Links("http://t"))
HOUR = timedelta(hours=1)


def told(*alerts: Alert, routes: tuple[Route, ...] = (ALL,), before: dict[str, tuple[Told, ...]] | None = None,
         silences: tuple[Silence, ...] = ()) -> Flow:  # fmt: skip
    context = Context(TENANT, a_catalog(*routes), silences, before or {}, RENDERER, NOW)
    return run(alerts, context)


def receivers(flow: Flow) -> list[str]:
    return sorted({message.receiver.kind for message in flow.messages})


@pytest.mark.parametrize(
    ("routes", "labels", "expected"),
    [
        pytest.param((), {}, {LOG: ""}, id="without any route an alert goes to the log"),
        pytest.param((ALL,), {}, {LOG: "", HOOK: "all"}, id="a route without labels takes all, the log has it too"),
        pytest.param((OPS,), {"owner": "finance"}, {LOG: ""}, id="an alert that no route wants is in the log"),
        pytest.param((ONCALL, OPS), {}, {LOG: "", HOOK: "oncall", MAIL: "mail"}, id="continue asks the next route too"),
        pytest.param((OPS, ONCALL), {}, {LOG: "", MAIL: "mail"}, id="without continue the first match decides"),
        pytest.param((ONCALL,), {"severity": "low"}, {LOG: ""}, id="any of the values will do, but one of them must"),
        pytest.param((ONCALL, ALL), {}, {LOG: "", HOOK: "oncall,all"}, id="a receiver chosen twice is told once"),
        pytest.param(
            (Route("r", (("severity", ("high",)), ("verdict", ("at_risk",))), (HOOK,)),), {}, {LOG: ""},
            id="all labels of a route must hold",
        ),
        pytest.param((Route("r", (("per", ("",)),), (HOOK,)),), {}, {LOG: ""}, id="a missing label matches nothing"),
    ],
)  # fmt: skip
def test_routes(routes: tuple[Route, ...], labels: dict[str, str], expected: dict[Receiver, str]) -> None:
    assert receivers_for({**an_alert().labels, **labels}, routes) == expected


@pytest.mark.parametrize(
    ("alert", "before", "expected"),
    [
        pytest.param(an_alert(), [], ["log", "webhook"], id="a breach is news"),
        pytest.param(an_alert(), ["2:breached"], ["log"], id="a breach that was told is no news"),
        pytest.param(an_alert(), ["2:at_risk"], ["log", "webhook"], id="a risk that became a breach is news"),
        pytest.param(
            an_alert(verdict=Verdict.AT_RISK), ["2:breached"], ["log"], id="a breach that became a risk is none"
        ),
        pytest.param(an_alert(), ["1:breached"], ["log", "webhook"], id="a breach of a new episode is news"),
        pytest.param(an_alert(), ["1:breached", "1:resolved"], ["log", "webhook"], id="so it is after a resolution"),
        pytest.param(
            an_alert(), ["2:breached", "2:resolved"], ["log", "webhook"], id="what was over and is not is news again"
        ),
        pytest.param(an_alert(is_open=False), [], [], id="the end of what nobody was told of is not told"),
        pytest.param(
            an_alert(is_open=False), ["2:at_risk", "2:breached"], ["webhook"], id="an end is told to the told"
        ),
        pytest.param(an_alert(is_open=False), ["2:breached", "2:resolved"], [], id="an end is told once"),
        pytest.param(
            an_alert(is_open=False), ["1:breached"], ["webhook"], id="so it is to who was told of an earlier one only"
        ),
        pytest.param(
            an_alert(is_open=False), ["1:breached", "1:resolved"], [], id="but not to who heard that that one ended"
        ),
    ],
)
def test_nobody_is_told_twice(alert: Alert, before: list[str], expected: list[str]) -> None:
    flow = told(alert, before={alert.id: tuple(Told(HOOK, "all", what) for what in before)})
    assert receivers(flow) == expected


def test_the_end_goes_to_whoever_was_told_even_if_routes_have_changed() -> None:
    alert = an_alert(is_open=False, ended_at=NOW)
    flow = told(alert, routes=(), before={alert.id: (Told(HOOK, "old", "2:breached"),)})
    (message,) = flow.messages
    assert (message.receiver, message.route, message.what) == (HOOK, "old", ("2:resolved",))
    began = told(an_alert(), routes=(replace(ALL, id="old"),))
    assert message.group_key == next(each.group_key for each in began.messages if each.receiver == HOOK)


def a_silence(**changes: object) -> Silence:
    silence = Silence("s1", {"sla": ("order_release",)}, NOW - HOUR, NOW + HOUR, "known", "ada", NOW - HOUR)
    return replace(silence, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silence", "hidden"),
    [
        pytest.param(a_silence(), True, id="a silence that matches hides"),
        pytest.param(a_silence(matchers={"sla": ("other", "order_release")}), True, id="any of the values will do"),
        pytest.param(
            a_silence(matchers={"sla": ("order_release",), "key": ("SO-9",)}), False, id="all matchers must hold"
        ),
        pytest.param(a_silence(matchers={"nothing": ("",)}), False, id="a label that is missing matches nothing"),
        pytest.param(a_silence(starts_at=NOW), True, id="it hides from its start on"),
        pytest.param(a_silence(ends_at=NOW), False, id="at its end it no longer hides"),
        pytest.param(a_silence(starts_at=NOW + HOUR), False, id="before its start it does not hide"),
    ],
)
def test_silences(silence: Silence, hidden: bool) -> None:
    flow = told(an_alert(), silences=(silence,))
    assert (not flow.messages) == hidden
    assert flow.silenced == ({an_alert().id: silence} if hidden else {})
    assert {ruling for ruling, _ in flow.rulings} == {Ruling.SILENCED if hidden else Ruling.SENT}


def test_a_silence_does_not_hide_that_something_told_has_ended() -> None:
    alert = an_alert(is_open=False)
    flow = told(alert, silences=(a_silence(),), before={alert.id: (Told(HOOK, "all", "2:breached"),)})
    assert receivers(flow) == ["webhook"]


def test_one_message_per_receiver_and_promise_oldest_alert_first() -> None:
    alerts = [an_alert(f"SO-{n}", started_at=DEADLINE - n * HOUR) for n in range(3)]
    other = an_alert("SO-9", sla="other", labels={**an_alert().labels, "sla": "other"})
    messages = [each for each in told(*alerts, other).messages if each.receiver == HOOK]
    assert [each.group_key for each in messages] == [
        'default/all:{sla="order_release", workflow="order_to_cash"}',
        'default/all:{sla="other", workflow="order_to_cash"}',
    ]
    assert messages[0].alert_ids == tuple(alerts[n].id for n in (2, 1, 0))


def test_a_message_holds_a_hundred_alerts_and_none_is_cut() -> None:
    messages = [each for each in told(*[an_alert(f"SO-{n}") for n in range(250)]).messages if each.receiver == HOOK]
    assert [len(json.loads(each.body)["alerts"]) for each in messages] == [100, 100, 50]
    assert len({alert for each in messages for alert in each.alert_ids}) == 250
    assert {json.loads(each.body)["truncatedAlerts"] for each in messages} == {0}


def test_the_same_alerts_give_the_same_messages() -> None:
    alerts = [an_alert(f"SO-{n}") for n in range(5)]
    assert told(*alerts).messages == told(*reversed(alerts)).messages
