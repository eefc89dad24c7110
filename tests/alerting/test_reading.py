"""People list alerts, acknowledge them and silence what they do not want to hear of; every change has its actor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerting import AlertReader, AlertState
from alerting.records import AlertRecord, Change, append_alerts
from model import BadRequest, NotFound, Verdict, cursor_of
from store import Store
from tests.alerting.examples import DEADLINE, NOW, TENANT, an_alert

BASE_URL = "https://throughline.example.org/"
HOUR = timedelta(hours=1)


def recorded(store: Store, *alerts: object, tenant: str = TENANT) -> AlertReader:
    append_alerts(store, tenant, [AlertRecord(alert, Change.VERDICT, NOW) for alert in alerts])  # type: ignore[arg-type]
    return AlertReader(store, BASE_URL)


def test_an_alert_is_listed_with_all_the_api_promises(store: Store) -> None:
    reader = recorded(store, an_alert("SO/1 0", per="D-7", keys={"order": ("SO/1 0",), "delivery": ("D-7",)}))
    (row,), cursor = reader.alerts(TENANT, now=NOW)
    assert cursor is None
    shown = row.as_json()
    assert {name: shown[name] for name in ("state", "workflow", "sla", "severity", "owner", "keys", "started_at")} == {
        "state": "firing",
        "workflow": "order_to_cash",
        "sla": "order_release",
        "severity": "high",
        "owner": "customer-operations",
        "keys": {"order": ["SO/1 0"], "delivery": ["D-7"]},
        "started_at": DEADLINE,
    }
    assert row.alert == an_alert("SO/1 0", per="D-7", keys={"order": ("SO/1 0",), "delivery": ("D-7",)})
    assert row.url == "https://throughline.example.org/workflows/order_to_cash/instances/SO%2F1%200"


def test_an_alert_about_a_feed_leads_to_the_page_of_its_sla(store: Store) -> None:
    ((row,), _) = recorded(store, an_alert("wms", keys={}, sla="wms reports")).alerts(TENANT, now=NOW)
    assert row.url == "https://throughline.example.org/slas/wms%20reports"


def test_the_newest_come_first_page_by_page(store: Store) -> None:
    alerts = [an_alert(f"SO-{n}", started_at=DEADLINE - n // 2 * HOUR) for n in range(7)]
    reader = recorded(store, *alerts)
    expected = sorted(((each.started_at, each.id) for each in alerts), reverse=True)
    seen, cursor = [], None
    for size in (3, 3, 1):
        page, cursor = reader.alerts(TENANT, now=NOW, limit=3, cursor=cursor)
        assert len(page) == size
        seen += [(row.alert.started_at, row.alert.id) for row in page]
    assert cursor is None
    assert seen == expected


def test_the_last_verdict_decides_whatever_the_order_of_writing(store: Store) -> None:
    breached = an_alert()
    over = replace(breached, is_open=False, verdict=Verdict.MET, verdict_seq=3, ended_at=NOW)
    reader = recorded(store, over, breached)
    ((row,), _) = reader.alerts(TENANT, now=NOW)
    assert row.state is AlertState.RESOLVED
    assert reader.alerts(TENANT, now=NOW, states=["firing"]) == ([], None)
    assert len(reader.alerts(TENANT, now=NOW, states=["firing", "resolved"])[0]) == 1


def test_an_acknowledged_alert_names_who_has_it(store: Store) -> None:
    alert = an_alert()
    reader = recorded(store, alert)
    answer = reader.acknowledge(TENANT, alert.id, actor="ada", comment="on it", now=NOW)
    ((row,), _) = reader.alerts(TENANT, now=NOW, states=["acknowledged"])
    assert row == answer
    assert (row.acknowledged_by, row.acknowledgement) == ("ada", "on it")
    assert row.as_json()["acknowledged_by"] == "ada"


def test_an_acknowledged_risk_does_not_cover_the_breach(store: Store) -> None:
    risk = an_alert(verdict=Verdict.AT_RISK, verdict_seq=1, episode=1)
    reader = recorded(store, risk)
    reader.acknowledge(TENANT, risk.id, actor="ada", now=NOW)
    append_alerts(store, TENANT, [AlertRecord(replace(an_alert(), episode=1), Change.VERDICT, NOW)])
    ((row,), _) = reader.alerts(TENANT, now=NOW)
    assert (row.state, row.acknowledged_by) == (AlertState.FIRING, "")


def test_an_acknowledgement_that_crosses_the_resolution_changes_nothing(store: Store) -> None:
    alert = an_alert()
    reader = recorded(store, alert)
    reader.acknowledge(TENANT, alert.id, actor="ada", now=NOW + HOUR)
    recorded(store, replace(alert, is_open=False, verdict=Verdict.MET, verdict_seq=3, ended_at=NOW))
    assert reader.alert(TENANT, alert.id, now=NOW + HOUR).state is AlertState.RESOLVED
    with pytest.raises(BadRequest, match="resolved"):
        reader.acknowledge(TENANT, alert.id, actor="bob", now=NOW + HOUR)


def test_a_silence_shows_for_as_long_as_it_lasts(store: Store) -> None:
    reader = recorded(store, an_alert("SO-1"), an_alert("SO-2"))
    reader.add_silence(
        TENANT,
        matchers={"workflow": "order_to_cash", "key": ["SO-1", "SO-9"]},
        ends_at=NOW + HOUR,
        actor="ada",
        now=NOW,
        comment="known",
    )

    def silenced(now: object) -> list[str]:
        return [row.alert.key for row in reader.alerts(TENANT, now=now, states=["silenced"])[0]]  # type: ignore[arg-type]

    assert silenced(NOW) == ["SO-1"]
    assert silenced(NOW + HOUR - timedelta(microseconds=1)) == ["SO-1"]
    assert silenced(NOW + HOUR) == []
    assert silenced(NOW - timedelta(microseconds=1)) == []


def test_a_silence_is_listed_until_it_is_over_or_ended(store: Store) -> None:
    reader = AlertReader(store, BASE_URL)
    later = reader.add_silence(
        TENANT, matchers={"sla": "a"}, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, actor="ada", now=NOW
    )
    soon = reader.add_silence(TENANT, matchers={"sla": "b"}, ends_at=NOW + 2 * HOUR, actor="bob", now=NOW, comment="x")
    assert reader.silences(TENANT, now=NOW) == [soon, later]
    reader.end_silence(TENANT, soon.id, actor="eve", now=NOW + HOUR)
    assert reader.silences(TENANT, now=NOW + HOUR) == [later]
    assert reader.silences(TENANT, now=NOW + 2 * HOUR) == []
    with pytest.raises(NotFound):
        reader.end_silence(TENANT, soon.id, actor="eve", now=NOW + HOUR)
    assert store.value("SELECT actor FROM silences WHERE change = 'ended'") == "eve"


@pytest.mark.parametrize(
    ("matchers", "starts", "ends", "message"),
    [
        pytest.param({}, 0, 1, "needs matchers", id="one that would hide everything"),
        pytest.param({"sla": []}, 0, 1, "needs matchers", id="a matcher without a value"),
        pytest.param({"sla": "a"}, 0, 0, "must end after", id="an end at the start"),
        pytest.param({"sla": "a"}, -3, -1, "must end after", id="one that is over already"),
        pytest.param({"sla": "a"}, 0, 24 * 400, "a year", id="one that outlasts a year"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(
    store: Store, matchers: dict[str, str], starts: int, ends: int, message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        AlertReader(store, BASE_URL).add_silence(
            TENANT, matchers=matchers, starts_at=NOW + starts * HOUR, ends_at=NOW + ends * HOUR, actor="ada", now=NOW
        )


def test_names_and_values_of_a_silence_are_values_only(store: Store) -> None:
    reader = recorded(store, an_alert("it's \\ {x:String}"))
    odd = {"key": "it's \\ {x:String}", "owner": ["'); DROP TABLE alerts; --", "customer-operations"]}
    reader.add_silence(TENANT, matchers=odd, ends_at=NOW + HOUR, actor="ada", now=NOW)
    assert len(reader.alerts(TENANT, now=NOW, states=["silenced"])[0]) == 1


def test_tenants_see_and_change_their_own_only(store: Store) -> None:
    alert = an_alert()
    reader = recorded(store, alert, tenant="blue")
    silence = reader.add_silence("blue", matchers={"sla": "a"}, ends_at=NOW + HOUR, actor="ada", now=NOW)
    assert reader.alerts("red", now=NOW) == ([], None)
    assert reader.silences("red", now=NOW) == []
    with pytest.raises(NotFound):
        reader.acknowledge("red", alert.id, actor="ada", now=NOW)
    with pytest.raises(NotFound):
        reader.end_silence("red", silence.id, actor="ada", now=NOW)


@pytest.mark.parametrize(
    "cursor", ["nonsense", "WzFd", "e30=", "WyJ4IiwieSJd", cursor_of(("alerts",), [1 << 63, "a"]), ""]
)
def test_a_cursor_of_somebody_elses_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        AlertReader(store, BASE_URL).alerts(TENANT, now=NOW, cursor=cursor)


def test_an_unknown_state_is_refused(store: Store) -> None:
    with pytest.raises(BadRequest, match="firing, acknowledged, silenced, resolved"):
        AlertReader(store, BASE_URL).alerts(TENANT, now=NOW, states=["open"])
