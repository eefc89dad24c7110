"""From the ledger to the receiver: every breach is told once, however often a tick runs, is cut off or repeated."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerting import Alerting, AlertReader, AlertState
from alerting.channel import channels
from alerting.delivery import Delivery
from alerting.lifecycle import Facts, Reason
from alerting.outbox import Outbox
from alerting.pipeline import Ruling
from alerting.retry import RetryPolicy
from model import Catalog, ManualClock, Receiver, Route, StoreUnavailable
from sla_engine import LedgerRow
from store import Store
from tests.alerting.examples import NOW, RELEASE, TENANT, a_catalog, a_row, a_stored_catalog
from tests.alerting.receivers import MailServer, WebhookReceiver
from tests.sla_engine.story import Story, when

BASE_URL = "https://throughline.example.org"
QUICK = RetryPolicy(first=timedelta(milliseconds=10), longest=timedelta(milliseconds=20))
HOUR = timedelta(hours=1)
LEDGER_COLUMNS = [each.name for each in fields(LedgerRow)]


def append_ledger(store: Store, *rows: LedgerRow) -> None:
    """What the SLA engine would have written."""
    store.insert("verdicts", LEDGER_COLUMNS, [[getattr(row, name) for name in LEDGER_COLUMNS] for row in rows])


class KnownFacts:
    """What the instances are worth, by key, whatever the tenant and workflow."""

    def __init__(self, facts: Mapping[str, Facts]) -> None:
        self._facts = facts

    def of(self, tenant: str, workflow: str, keys: Sequence[str]) -> Mapping[str, Facts]:  # noqa: ARG002
        return {key: self._facts[key] for key in keys if key in self._facts}


class Platform:
    """The alerting of one process over a store, with a webhook that takes everything, and its reader."""

    def __init__(self, store: Store, receiver: WebhookReceiver, **facts: Facts) -> None:
        self.store = store
        self.receiver = receiver
        self.catalog = a_catalog(Route("all", (), (Receiver("webhook", receiver.url),)))
        self.reader = AlertReader(store, BASE_URL)
        clock = ManualClock(NOW)
        delivery = Delivery(Outbox(store), clock, channels({}), policy=QUICK)
        self.alerting = Alerting(store, clock, BASE_URL, facts=KnownFacts(facts), delivery=delivery)

    def ledger(self, *rows: LedgerRow) -> None:
        append_ledger(self.store, *rows)

    def tick(self, now: datetime = NOW, catalog: Catalog | None = None) -> dict[str, int]:
        return dict(self.alerting.tick(TENANT, catalog or self.catalog, now).decisions)

    def states(self, now: datetime = NOW) -> dict[str, str]:
        return {row.alert.key: str(row.state) for row in self.reader.alerts(TENANT, now=now)[0]}

    def settled(self) -> None:
        pause = threading.Event()
        for _ in range(600):
            if not Outbox(self.store).undelivered(1):
                return
            pause.wait(0.05)
        raise AssertionError("notifications stay undelivered")


@contextmanager
def running(store: Store, receiver: WebhookReceiver, **facts: Facts) -> Iterator[Platform]:
    platform = Platform(store, receiver, **facts)
    platform.alerting.start()
    try:
        yield platform
    finally:
        platform.alerting.stop()


def test_a_breach_reaches_the_webhook_and_the_log_once(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "throughline.alerts")
    facts = {"SO-1001": Facts({"order": ("SO-1001",), "invoice": ("INV-7",)}, "120.00", "EUR")}
    with WebhookReceiver() as receiver, running(store, receiver, **facts) as platform:
        platform.ledger(a_row("pending", 1), a_row("breached", 2))
        assert platform.tick() == {Reason.NOT_ALARMING: 1, Reason.OPENED: 1, Ruling.SENT: 2}
        for _ in range(3):
            assert platform.tick() == {}
        receiver.expect(bodies=1)
        platform.settled()
        (alert,) = receiver.bodies[0]["alerts"]
    assert receiver.alerts == [("firing", "breached", "SO-1001")]
    url = f"{BASE_URL}/workflows/order_to_cash/instances/SO-1001"
    annotations = alert["annotations"]
    assert (annotations["workflow"], annotations["key"], annotations["milestone"], annotations["owner"]) == (
        "order_to_cash", "SO-1001", "goods_issued", "customer-operations",
    )  # fmt: skip
    assert (annotations["deadline_at"], annotations["timeline_url"]) == ("2026-11-21T14:05:00.000000Z", url)
    assert (annotations["amount"], annotations["currency"]) == ("120.00", "EUR")
    assert [each.getMessage() for each in caplog.records if each.name == "throughline.alerts"] == [
        (
            "Breached: order_to_cash SO-1001, goods_issued awaited, 2 h late · 2026-11-21 14:05 UTC; "
            f"SLA order_release (high), owner customer-operations, 120.00 EUR; {url}"
        )
    ]


def test_a_breach_is_told_once_over_restarts_of_the_platform(store: Store) -> None:
    with WebhookReceiver() as receiver:
        for seq in (1, 2, 3):
            with running(store, receiver) as platform:
                platform.ledger(a_row("breached", seq, key=f"SO-{seq}"))
                platform.tick()
                platform.tick()
                receiver.expect(bodies=seq)
                platform.settled()
        assert receiver.alerts == [("firing", "breached", f"SO-{seq}") for seq in (1, 2, 3)]


@pytest.mark.parametrize("written", ["notifications", "alerts", "alerting_positions"])
def test_a_tick_cut_off_anywhere_tells_once_when_it_is_repeated(
    store: Store, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(a_row("at_risk", 1), a_row("breached", 2))
        insert = store.insert

        def cut_off(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
            insert(table, columns, rows)
            if table == written and rows and rows[0][columns.index("tenant")] == TENANT and "error" not in columns:
                raise StoreUnavailable("the answer was lost")

        monkeypatch.setattr(store, "insert", cut_off)
        with pytest.raises(StoreUnavailable):
            platform.tick()
        monkeypatch.undo()
        platform.tick()
        receiver.expect(bodies=1)
        platform.settled()
        assert receiver.alerts == [("firing", "breached", "SO-1001")]
        assert platform.states() == {"SO-1001": "firing"}
        assert platform.tick() == {}


def test_a_webhook_that_is_down_at_first_gets_the_alert_exactly_once(store: Store) -> None:
    with WebhookReceiver(0, 503, 503) as receiver, running(store, receiver) as platform:
        platform.ledger(a_row("breached", 1))
        platform.tick()
        receiver.expect(bodies=1)
        platform.settled()
        platform.tick()
        assert receiver.alerts == [("firing", "breached", "SO-1001")]
        delivered = "SELECT count() FROM notifications WHERE receiver_kind = 'webhook' AND state = 'delivered'"
        assert store.value(delivered) == 1


def test_a_receiver_that_never_answers_does_not_hold_up_ticks(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        receiver.gate.clear()
        for seq in range(1, 6):
            platform.ledger(a_row("breached", seq, key=f"SO-{seq}"))
            assert platform.tick()[Ruling.SENT] == 2
        assert (receiver.bodies, len(platform.states())) == ([], 5)
        receiver.gate.set()
        receiver.expect(bodies=5)
        platform.settled()


def test_a_risk_a_breach_and_the_end_are_each_told_once(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        for seq, verdict in enumerate(("pending", "at_risk", "unknown", "breached", "breached", "met", "met"), 1):
            platform.ledger(a_row(verdict, seq))
            platform.tick()
        receiver.expect(bodies=3)
        platform.settled()
        assert receiver.alerts == [
            ("firing", "at_risk", "SO-1001"),
            ("firing", "breached", "SO-1001"),
            ("resolved", "met", "SO-1001"),
        ]
        assert len({body["groupKey"] for body in receiver.bodies}) == 1
        assert len({body["alerts"][0]["fingerprint"] for body in receiver.bodies}) == 1
        assert platform.states() == {"SO-1001": "resolved"}


def test_a_second_breach_of_the_same_clock_is_told_again(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        for seq, verdict in enumerate(("breached", "pending", "breached"), 1):
            platform.ledger(a_row(verdict, seq))
            platform.tick()
        receiver.expect(bodies=3)
        assert [status for status, _, _ in receiver.alerts] == ["firing", "resolved", "firing"]


def test_a_breach_that_is_over_when_it_is_read_bothers_nobody_but_stays_on_record(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(a_row("breached", 1), a_row("met", 2))
        assert platform.tick() == {Reason.OPENED: 1, Reason.RESOLVED: 1, Ruling.NEVER_TOLD: 1}
        assert platform.states() == {"SO-1001": "resolved"}
        assert store.value("SELECT count() FROM notifications") == 0
        assert store.value("SELECT count() FROM alerts WHERE change = 'verdict'") == 2


def test_a_breach_that_was_told_ends_for_its_receivers_whatever_else_was_read_with_its_end(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(a_row("breached", 1))
        platform.tick()
        platform.ledger(a_row("pending", 2), a_row("at_risk", 3), a_row("met", 4))
        assert platform.tick() == {Reason.RESOLVED: 2, Reason.OPENED_AGAIN: 1, Ruling.SENT: 2}
        platform.ledger(a_row("at_risk", 5), a_row("met", 6))
        assert platform.tick() == {Reason.OPENED_AGAIN: 1, Reason.RESOLVED: 1, Ruling.NEVER_TOLD: 1}
        receiver.expect(bodies=2)
        platform.settled()
        assert [status for status, _, _ in receiver.alerts] == ["firing", "resolved"]


def test_a_breach_of_a_promise_that_is_newer_than_our_catalog_is_told(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        old = a_stored_catalog(store, NOW, receiver.url, "order_release")
        a_stored_catalog(store, NOW + HOUR, receiver.url, "order_release", "delivery_as_promised")
        rows = [a_row("breached", n, sla=sla) for n, sla in enumerate(("order_release", "delivery_as_promised"), 1)]
        platform.ledger(*rows, a_row("breached", 3, sla="removed"), a_row("breached", 4, key="SO-4"))
        assert platform.tick(catalog=old) == {Reason.OPENED: 3, Reason.NOT_IN_CATALOG: 1, Ruling.SENT: 6}
        assert platform.tick(catalog=old) == {}


def test_verdicts_of_an_unknown_promise_wait_where_no_catalog_can_be_read(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        old = a_catalog(slas=(RELEASE,))
        rows = [a_row("breached", n, sla=sla) for n, sla in enumerate(("order_release", "delivery_as_promised"), 1)]
        platform.ledger(*rows, a_row("breached", 3, key="SO-3"))
        assert platform.tick(catalog=old) == {Reason.OPENED: 1, Ruling.SENT: 1}
        assert platform.tick(catalog=old) == {}
        assert platform.tick() == {Reason.OPENED: 2, Ruling.SENT: 4}


def test_alerts_of_a_promise_that_left_the_catalog_end_for_those_who_were_told(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        both = a_stored_catalog(store, NOW, receiver.url, "order_release", "extra")
        rows = [a_row("breached", n, key=f"SO-{n}", sla=sla) for n, sla in enumerate(("extra", "order_release"), 1)]
        platform.ledger(*rows)
        platform.tick(catalog=both)
        platform.ledger(a_row("breached", 3, key="SO-3", sla="extra"), a_row("met", 4, key="SO-3", sla="extra"))
        fewer = a_stored_catalog(store, NOW + HOUR, receiver.url, "order_release", "renamed")
        assert platform.tick(NOW + HOUR, both) == {Reason.OPENED: 1, Reason.RESOLVED: 1, Ruling.NEVER_TOLD: 1}
        assert platform.tick(NOW + HOUR, fewer) == {Reason.WITHDRAWN: 1, Ruling.SENT: 2}
        assert platform.tick(NOW + 2 * HOUR, fewer) == {}
        receiver.expect(bodies=3)
        platform.settled()
        assert receiver.alerts[2] == ("resolved", "unknown", "SO-1")
        assert "no longer in the catalog" in receiver.bodies[2]["alerts"][0]["annotations"]["reason"]
        assert platform.states(NOW + 2 * HOUR) == {"SO-1": "resolved", "SO-2": "firing", "SO-3": "resolved"}


def test_alerts_of_a_promise_that_comes_back_are_what_they_would_be_had_it_never_left(store: Store) -> None:
    gone = {"id": "gone", "from": "a", "to": "b", "within": "1h"}
    stays = {"id": "stays", "from": "a", "to": "b", "within": "9h"}
    story = Story(store, gone, stays)
    reader = AlertReader(store, BASE_URL)
    alerting = Alerting(store, ManualClock(NOW), BASE_URL)

    def alerts_at(time: str, *, is_judged: bool = True) -> dict[str, str]:
        now = when(f"2026-03-02T{time}:00Z")
        if is_judged:
            story.tick(now.isoformat())
        alerting.tick(story.tenant, story.catalogs[-1].catalog, now)
        return {row.alert.key: str(row.state) for row in reader.alerts(story.tenant, now=now)[0]}

    for order in ("SO-1", "SO-2"):
        story.happens("a", "2026-03-02T08:00:00Z", order=order)
    assert alerts_at("09:30") == {"SO-1": "firing", "SO-2": "firing"}
    story.changes_to("2026-03-02T10:00:00Z", stays)
    assert alerts_at("10:10") == {"SO-1": "resolved", "SO-2": "resolved"}
    story.happens("b", "2026-03-02T08:50:00Z", order="SO-2")
    story.changes_to("2026-03-02T11:00:00Z", gone, stays)
    assert alerts_at("11:05", is_judged=False) == {"SO-1": "resolved", "SO-2": "resolved"}, "nobody knows yet"
    assert alerts_at("11:10") == {"SO-1": "firing", "SO-2": "resolved"}
    story.happens("b", "2026-03-02T08:55:00Z")
    assert alerts_at("11:20") == {"SO-1": "resolved", "SO-2": "resolved"}
    alert = next(row.alert for row in reader.alerts(story.tenant, now=NOW)[0] if row.alert.key == "SO-1")
    told = Outbox(store).told(story.tenant, [alert.id])[alert.id]
    assert [each.what.partition(":")[2] for each in told] == ["breached", "resolved", "breached", "resolved"]


def test_a_promise_that_is_newer_than_our_catalog_keeps_its_alerts(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        old = a_stored_catalog(store, NOW, receiver.url, "order_release")
        a_stored_catalog(store, NOW + HOUR, receiver.url, "order_release", "extra")
        platform.ledger(a_row("breached", 1, sla="extra"))
        platform.tick(catalog=old)
        with running(store, receiver) as restarted:
            assert restarted.tick(NOW + HOUR, old) == {}
            assert restarted.states() == {"SO-1001": "firing"}


def test_many_breaches_at_once_are_told_in_messages_of_a_hundred(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(*[a_row("breached", n, key=f"SO-{n}") for n in range(1, 1251)])
        assert platform.tick()[Ruling.SENT] == 2 * 1250
        receiver.expect(bodies=13)
        platform.settled()
        assert [len(body["alerts"]) for body in receiver.bodies] == [*[100] * 12, 50]
        assert len({key for _, _, key in receiver.alerts}) == 1250
        assert platform.tick() == {}


def test_a_silence_hides_a_breach_until_it_ends(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.reader.add_silence(TENANT, matchers={"key": "SO-1"}, ends_at=NOW + HOUR, actor="ada", now=NOW)
        platform.ledger(a_row("breached", 1, key="SO-1"), a_row("breached", 2, key="SO-2"))
        assert platform.tick() == {Reason.OPENED: 2, Ruling.SENT: 2, Ruling.SILENCED: 2}
        receiver.expect(bodies=1)
        assert platform.states() == {"SO-1": "silenced", "SO-2": "firing"}
        assert platform.tick(NOW + HOUR / 2) == {}
        assert platform.tick(NOW + HOUR) == {Ruling.SENT: 2}
        assert platform.tick(NOW + 2 * HOUR) == {}
        receiver.expect(bodies=2)
        platform.settled()
        assert [key for _, _, key in receiver.alerts] == ["SO-2", "SO-1"]
        assert platform.states(NOW + HOUR) == {"SO-1": "firing", "SO-2": "firing"}
        rows = store.rows("SELECT change, actor FROM alerts WHERE key = 'SO-1'")
        assert {(row["change"], row["actor"]) for row in rows} == {
            ("verdict", "throughline"),
            ("silenced", "ada"),
            ("released", "throughline"),
        }


def test_a_silence_that_ended_while_the_platform_was_away_releases_what_still_holds(store: Store) -> None:
    with WebhookReceiver() as receiver:
        with running(store, receiver) as platform:
            silence = platform.reader.add_silence(
                TENANT, matchers={"sla": "order_release"}, ends_at=NOW + HOUR, actor="ada", now=NOW
            )
            rows = [a_row("breached", n, key=f"SO-{n}") for n in (1, 2, 3)]
            platform.ledger(*rows, a_row("breached", 4, key="SO-2"))
            platform.tick()
            platform.ledger(a_row("met", 5, key="SO-1"))
            platform.tick()
            platform.reader.acknowledge(TENANT, platform_alert(platform, "SO-3"), actor="eve", now=NOW)
            platform.reader.end_silence(TENANT, silence.id, actor="eve", now=NOW + HOUR / 2)
        with running(store, receiver) as platform:
            platform.tick(NOW + HOUR / 2)
            platform.tick(NOW + HOUR / 2)
            receiver.expect(bodies=1)
            platform.settled()
    assert [key for _, _, key in receiver.alerts] == ["SO-2"]


def platform_alert(platform: Platform, key: str) -> str:
    return next(row.alert.id for row in platform.reader.alerts(TENANT, now=NOW)[0] if row.alert.key == key)


def test_an_acknowledged_breach_is_not_told_again_and_still_ends(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(a_row("breached", 1))
        platform.tick()
        platform.reader.acknowledge(TENANT, platform_alert(platform, "SO-1001"), actor="ada", now=NOW)
        platform.ledger(a_row("breached", 2, reason="answered late"))
        platform.tick()
        ((row,), _) = platform.reader.alerts(TENANT, now=NOW)
        assert (row.state, row.acknowledged_by, row.alert.reason) == (AlertState.ACKNOWLEDGED, "ada", "answered late")
        platform.ledger(a_row("excused", 3))
        platform.tick()
        receiver.expect(bodies=2)
        platform.settled()
        assert [status for status, _, _ in receiver.alerts] == ["firing", "resolved"]
        assert platform.states() == {"SO-1001": "resolved"}


def test_each_delivery_of_an_order_has_an_alert_of_its_own(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        row = a_row("breached", 1, sla="delivery_as_promised", per="D-1", clock="c1")
        platform.ledger(row, replace(row, seq=2, per="D-2", clock="c2"))
        platform.tick()
        receiver.expect(bodies=1)
        assert {each["labels"]["per"] for each in receiver.bodies[0]["alerts"]} == {"D-1", "D-2"}


def test_tenants_do_not_hear_of_each_other(store: Store) -> None:
    with WebhookReceiver() as receiver, running(store, receiver) as platform:
        platform.ledger(replace(a_row("breached", 1), tenant="other"))
        assert platform.tick() == {}
        assert platform.reader.alerts(TENANT, now=NOW) == ([], None)
        platform.alerting.tick("other", platform.catalog, NOW)
        receiver.expect(bodies=1)
        assert receiver.bodies[0]["commonLabels"]["tenant"] == "other"
        assert len(platform.reader.alerts("other", now=NOW)[0]) == 1


def test_mail_reaches_a_real_mail_server(store: Store) -> None:
    with MailServer() as server:
        environ = {"THROUGHLINE_SMTP_URL": f"smtp://127.0.0.1:{server.port}?from=throughline@example.org"}
        alerting = Alerting(store, ManualClock(NOW), BASE_URL, facts=KnownFacts({}), environ=environ)
        route = Route("mail", (("owner", ("customer-operations",)),), (Receiver("email", "ops@example.org"),))
        append_ledger(store, a_row())
        alerting.start()
        alerting.tick(TENANT, a_catalog(route), NOW)
        with server.changed:
            assert server.changed.wait_for(lambda: server.mails, 30)
        alerting.stop()
        (mail,) = server.mails
    assert mail["Subject"].startswith("Breached: order_to_cash SO-1001")
    html = mail.get_body(("html",))
    assert html is not None
    assert f"{BASE_URL}/workflows/order_to_cash/instances/SO-1001" in html.get_content()
    assert server.recipients == ["ops@example.org"]
