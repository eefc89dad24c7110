"""Words people and machines read: Alertmanager's webhook JSON, log lines, mail; times relative and absolute."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerting import wording
from alerting.alert import Alert, Links
from alerting.rendering import Renderer
from model import Receiver, Verdict
from tests.alerting.examples import DEADLINE, NOW, a_catalog, an_alert

HOSTILE = 'SO/1"\n<b>2</b>'


def rendered(kind: str, *alerts: Alert) -> str:
    renderer = Renderer(Links("https://throughline.example.org"))
    return renderer.rendered(Receiver(kind, "x"), "oncall", "group", alerts, a_catalog(), NOW).body


def test_the_log_line_names_all_that_is_needed_to_act() -> None:
    assert rendered("log", an_alert(amount="120.00", currency="EUR")) == (
        "Breached: order_to_cash SO-1001, goods_issued awaited, 2 h late · 2026-11-21 14:05 UTC; "
        "SLA order_release (high), owner customer-operations, 120.00 EUR; "
        "https://throughline.example.org/workflows/order_to_cash/instances/SO-1001"
    )


def test_a_webhook_gets_alertmanagers_json() -> None:
    resolved = an_alert("SO-2", is_open=False, verdict=Verdict.MET, ended_at=NOW, satisfied_at=DEADLINE)
    body: dict[str, Any] = json.loads(rendered("webhook", an_alert(amount="120.00", currency="EUR"), resolved))
    first, second = body.pop("alerts")
    labels = {name: text for name, text in an_alert().labels.items() if name != "verdict"}
    assert body == {
        "version": "4",
        "groupKey": "group",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "oncall",
        "groupLabels": {"workflow": "order_to_cash", "sla": "order_release"},
        "commonLabels": {name: text for name, text in labels.items() if name != "key"},
        "commonAnnotations": {
            "workflow": "order_to_cash",
            "milestone": "goods_issued",
            "deadline_at": "2026-11-21T14:05:00.000000Z",
            "owner": "customer-operations",
        },
        "externalURL": "https://throughline.example.org",
    }
    url = "https://throughline.example.org/workflows/order_to_cash/instances/SO-1001"
    assert first == {
        "status": "firing",
        "labels": {**labels, "clock": "clock-of-SO-1001"},
        "annotations": {
            "summary": "Breached: order_to_cash SO-1001, goods_issued awaited, 2 h late · 2026-11-21 14:05 UTC",
            "description": "Order to cash SO-1001: Order released to the warehouse within four working hours.\n"
            "Milestone: Goods issued (awaited).\n"
            "Deadline: 2 h late · 2026-11-21 14:05 UTC.\n"
            "Value: 120.00 EUR.\n"
            "Owner: customer-operations.\n"
            f"Timeline: {url}",
            "workflow": "order_to_cash",
            "key": "SO-1001",
            "milestone": "goods_issued",
            "deadline_at": "2026-11-21T14:05:00.000000Z",
            "owner": "customer-operations",
            "amount": "120.00",
            "currency": "EUR",
            "verdict": "breached",
            "timeline_url": url,
        },
        "startsAt": "2026-11-21T14:05:00.000000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": url,
        "fingerprint": an_alert().id[:16],
    }
    assert (second["status"], second["endsAt"]) == ("resolved", "2026-11-21T16:05:00.000000Z")
    assert second["annotations"]["verdict"] == "met"


def test_a_risk_a_breach_and_the_end_of_one_alert_have_the_same_labels() -> None:
    risk = an_alert(verdict=Verdict.AT_RISK, labels={**an_alert().labels, "verdict": "at_risk"})
    over = an_alert(is_open=False, verdict=Verdict.MET, ended_at=NOW)
    alerts = [json.loads(rendered("webhook", each))["alerts"][0] for each in (risk, an_alert(), over)]
    assert alerts[0]["labels"] == alerts[1]["labels"] == alerts[2]["labels"]
    assert len({each["fingerprint"] for each in alerts}) == 1
    assert [each["annotations"]["verdict"] for each in alerts] == ["at_risk", "breached", "met"]


def test_alerts_of_one_order_about_two_of_its_amendments_differ_in_their_labels() -> None:
    amended = an_alert(clock="clock-of-its-amendment", id="f" * 32)
    first, second = json.loads(rendered("webhook", an_alert(), amended))["alerts"]
    assert first["labels"] != second["labels"]


@pytest.mark.parametrize("kind", ["log", "webhook", "email", "apprise_env"])
def test_of_a_feed_which_is_no_instance_the_page_of_its_sla_is_named(kind: str) -> None:
    text = rendered(kind, an_alert("wms", keys={}, sla="wms_reports"))
    assert "https://throughline.example.org/slas/wms_reports" in text
    assert "/instances/" not in text


def test_a_group_of_resolved_alerts_is_resolved() -> None:
    body = json.loads(rendered("webhook", an_alert(is_open=False, verdict=Verdict.MET, ended_at=NOW)))
    assert body["status"] == "resolved"


def test_what_comes_from_outside_cannot_break_out_of_a_mail() -> None:
    html = rendered("email", an_alert(HOSTILE, owner="<script>alert(1)</script>", per="<i>"))
    assert "<b>" not in html
    assert "<script>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;2&lt;/b&gt;" in html
    assert "instances/SO%2F1%22%0A%3Cb%3E2%3C%2Fb%3E" in html


FORGED = "EUR\nOwner: mallory\u2028x\rhttp://evil/"


@pytest.mark.parametrize("kind", ["log", "webhook", "email", "apprise_env"])
@pytest.mark.parametrize("field", ["key", "per", "amount", "currency", "reason", "owner"])
def test_what_comes_from_outside_adds_no_line_to_a_message(kind: str, field: str) -> None:
    def lines(value: str) -> int:
        alert = an_alert(**{"per": "D-1", "reason": "late", "amount": "5", "currency": "EUR", field: value})
        body = rendered(kind, alert)
        text = json.loads(body)["alerts"][0]["annotations"]["description"] if kind == "webhook" else body
        return len(text.splitlines())

    assert lines(FORGED) == lines("x")


def test_what_comes_from_outside_mentions_nobody_in_a_chat_and_links_nowhere() -> None:
    hostile = "<!channel> <@U1> @everyone <http://evil.example|SO-1> [SO-1](http://evil.example) !here>"
    alert = an_alert(hostile, per=hostile, amount=hostile, currency=hostile)
    renderer = Renderer(Links("https://throughline.example.org"))
    message = renderer.rendered(Receiver("apprise_env", "X"), "chat", "group", [alert], a_catalog(), NOW)
    url = Links("https://throughline.example.org").alert(alert)
    assert url in message.body
    shown = message.title + message.body.replace(url, "")
    for word in ("<", ">", "@everyone", "@U1", "](", "://"):
        assert word not in shown
    assert "\u2039!channel\u203a" in shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [("EUR", "EUR"), ("€", "€"), ("R$", "R$"), ("", ""), ("EUR\nOwner: mallory", "EUR"), ("<!channel>", "channel"),
     ("x" * 99, "x" * 10), ("\u202eEUR", "EUR")],
)  # fmt: skip
def test_a_currency_is_a_short_word(given: str, shown: str) -> None:
    assert wording.currency(given) == shown


def test_what_comes_from_outside_cannot_forge_a_log_line() -> None:
    assert len(rendered("log", an_alert(HOSTILE, owner="a\r\nBreached: forged")).splitlines()) == 1


@pytest.mark.parametrize("kind", ["log", "webhook", "email", "apprise_env"])
def test_every_message_names_what_the_reader_needs(kind: str) -> None:
    body = rendered(kind, an_alert(), an_alert("SO-2", verdict=Verdict.AT_RISK))
    for word in ("order_to_cash", "SO-1001", "SO-2", "goods_issued", "2026-11-21 14:05 UTC", "customer-operations"):
        assert word in body
    assert "https://throughline.example.org/workflows/order_to_cash/instances/SO-2" in body


@pytest.mark.parametrize(
    ("alerts", "title"),
    [
        ([an_alert()], "Breached: order_to_cash SO-1001 · Order released to the warehouse within four working hours"),
        (
            [an_alert(), an_alert("SO-2"), an_alert("SO-3", is_open=False)],
            "2 firing, 1 resolved: order_to_cash · Order released to the warehouse within four working hours",
        ),
        (
            [an_alert("SO-2", is_open=False), an_alert("SO-3", is_open=False)],
            "2 resolved: order_to_cash · Order released to the warehouse within four working hours",
        ),
    ],
)
def test_titles(alerts: list[Alert], title: str) -> None:
    renderer = Renderer(Links("http://t"))
    assert renderer.rendered(Receiver("email", "x"), "mail", "group", alerts, a_catalog(), NOW).title == title


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89.9, "89 s"), (90, "1 min"), (89 * 60, "89 min"), (90 * 60, "1 h"), (48 * 3600 - 1, "47 h"),
     (48 * 3600, "2 d"), (-7200, "2 h")],
)  # fmt: skip
def test_durations_have_one_unit(seconds: float, text: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("deadline", "satisfied", "text"),
    [
        pytest.param(None, None, "no deadline at present", id="a paused clock has none"),
        pytest.param(DEADLINE, None, "2 h late · 2026-11-21 14:05 UTC", id="not answered yet: late until now"),
        pytest.param(
            DEADLINE,
            DEADLINE + timedelta(minutes=5),
            "5 min late · 2026-11-21 14:05 UTC",
            id="answered late: until then",
        ),
        pytest.param(DEADLINE, DEADLINE, "due 2 h ago · 2026-11-21 14:05 UTC", id="answered in time"),
        pytest.param(NOW + timedelta(hours=3), None, "due in 3 h · 2026-11-21 19:05 UTC", id="still to come"),
    ],
)
def test_how_a_deadline_stands(deadline: datetime | None, satisfied: datetime | None, text: str) -> None:
    assert wording.due(deadline, satisfied, NOW) == text


def test_every_key_has_an_address_that_browsers_leave_as_it_is() -> None:
    keys = {"A/1": "/workflows/w/instances/A%2F1", "..": "/workflows/w/instances/-?key=.."}
    assert {key: Links("http://t/").timeline("w", key) for key in keys} == {k: f"http://t{v}" for k, v in keys.items()}
