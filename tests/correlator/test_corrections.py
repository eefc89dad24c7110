"""What people put right: events that never were and links that do not hold, whenever that is said."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from correlator import Correlator, InstanceReader, rebuild_progress, request_rebuild
from model import Catalog, ManualClock
from store import Store
from tests.correlator.outcome import Stitched, stitched
from tests.correlator.telemetry import RECEIVED, START, Event, log_row, milestones, send_rows, workflow

FLOW = workflow(("order", "delivery", "invoice"), milestones(["placed", "made", "gone", "paid"]))
EVENTS = [
    Event("a", 0, "placed", {"order": "O1"}),
    Event("b", 1, "made", {"order": "O1", "delivery": "D1"}),
    Event("wrong", 2, "made", {"order": "O2", "delivery": "D1"}),
    Event("c", 3, "gone", {"delivery": "D1"}),
    Event("d", 4, "paid", {"delivery": "D1", "invoice": "I1"}),
    Event("e", 5, "paid", {"invoice": "I1"}),
]


def _correction(name: str, **attributes: str) -> dict[str, Any]:
    return {"Timestamp": START, "ServiceName": "desk", "EventName": name, "LogAttributes": attributes}


def _voided(store: Store, event: str) -> dict[str, Any]:
    """The correction as a person would send it who read the event's id on a timeline."""
    return _correction("throughline.event.voided", event_id=_ids(store)[event], actor="ann", reason="a test order")


def _ids(store: Store) -> dict[str, str]:
    send_rows(store, "logs", [log_row(each) for each in EVENTS], tenant="ids")
    Correlator(store, ManualClock(RECEIVED)).tick("ids", Catalog((FLOW,)))
    rows = store.rows("SELECT attributes['cloudevents.event_id'] AS id, event_id FROM events WHERE tenant = 'ids'")
    return {row["id"]: row["event_id"] for row in rows}


def _retracted(actor: str = "ann") -> dict[str, Any]:
    said = {"workflow": "w", "outer.type": "delivery", "outer.value": "D1", "inner.type": "order", "inner.value": "O2"}
    return _correction("throughline.link.retracted", actor=actor, **said)


def _run(store: Store, tenant: str, batches: list[list[dict[str, Any]]]) -> Stitched:
    correlator = Correlator(store, ManualClock(RECEIVED))
    for batch in batches:
        send_rows(store, "logs", batch, tenant=tenant)
        correlator.tick(tenant, Catalog((FLOW,)))
    return stitched(store, FLOW, tenant)


@pytest.mark.parametrize("correction", ["voided", "retracted"])
def test_a_correction_holds_whenever_it_comes(store: Store, correction: str) -> None:
    said = _voided(store, "wrong") if correction == "voided" else _retracted()
    rows = [log_row(each) for each in EVENTS]
    expected = {"O1": ["a", "b", "c", "d", "e"]} | ({} if correction == "voided" else {"O2": ["wrong"]})
    for number, position in enumerate((0, 3, len(rows))):
        found = _run(store, f"t{number}", [rows[:position], [said], rows[position:]])
        assert found.timelines == expected
        assert found.unresolved == []
    assert _run(store, "at once", [[*rows, said]]).timelines == expected
    orders = itertools.islice(itertools.permutations([*rows, said]), 0, 5040, 1700)
    for number, order in enumerate(orders):
        assert _run(store, f"o{number}", [[each] for each in order]).timelines == expected


def test_voiding_the_only_proof_leaves_events_waiting(store: Store) -> None:
    said = _voided(store, "b"), _voided(store, "wrong")
    found = _run(store, "t", [[log_row(each) for each in EVENTS], list(said)])
    assert found.timelines == {"O1": ["a"]}
    assert found.unresolved == ["c", "d", "e"]
    assert InstanceReader(store).instance("t", FLOW, "O2") is None


def test_a_correction_without_an_actor_is_none(store: Store) -> None:
    rows = [log_row(each) for each in EVENTS]
    assert _run(store, "t", [rows, [_retracted(actor="")]]).timelines.keys() == {"O1", "O2"}
    assert "c" in _run(store, "t", [rows]).timelines["O2"]


def test_a_workflow_that_is_added_later_takes_nothing_from_others(store: Store) -> None:
    """It reads old corrections for the first time; the events of others have long been judged by them."""
    other = workflow(("order", "delivery"), milestones(["elsewhere"]), name="other")
    rows = [log_row(each) for each in [*EVENTS, Event("lost", 6, "gone", {"delivery": "D9"})]]
    correlator = Correlator(store, ManualClock(RECEIVED), hub_limit=2)
    hub = [log_row(Event(f"h{n}", n, "made", {"order": f"H{n}", "delivery": "HUB"})) for n in range(3)]
    hub.append(log_row(Event("hidden", 7, "gone", {"delivery": "HUB"})))
    for batch in ([*rows, *hub], [_retracted(), _voided(store, "e")]):
        send_rows(store, "logs", batch, tenant="t")
        correlator.tick("t", Catalog((FLOW,)))
    before = stitched(store, FLOW, "t")
    assert before.timelines["O1"] == ["a", "b", "c", "d"]
    assert before.unresolved == ["lost"]
    assert before.hubs == [("delivery", "HUB")]
    correlator.tick("t", Catalog((FLOW, other)))
    assert stitched(store, FLOW, "t") == before


@pytest.mark.parametrize("correction", ["voided", "retracted"])
def test_a_correction_that_comes_while_a_changed_definition_is_applied_holds_thereafter(
    store: Store, correction: str
) -> None:
    """All workflows rest then: only the rebuild reads it. What comes later is judged by it, and a rebuild leaves it."""
    said = _voided(store, "wrong") if correction == "voided" else _retracted()
    clock = ManualClock(RECEIVED)
    correlator = Correlator(store, clock)
    send_rows(store, "logs", [log_row(each) for each in EVENTS[:4]])
    correlator.tick("default", Catalog((FLOW,)))
    send_rows(store, "logs", [said])
    changed = replace(FLOW, hash="h2")
    correlator.tick("default", Catalog((changed,)))
    send_rows(store, "logs", [log_row(each) for each in EVENTS[2:]])
    correlator.tick("default", Catalog((changed,)))
    assert store.value("SELECT count() FROM corrections") == 1
    clock.advance(timedelta(seconds=1))
    request_rebuild(store, "default", changed, clock.now())
    for expected in ("before the rebuild", "after it"):
        found = stitched(store, changed)
        assert found.timelines.get("O2", []) == ([] if correction == "voided" else ["wrong"]), expected
        assert found.timelines["O1"] == ["a", "b", "c", "d", "e"], expected
        correlator.tick("default", Catalog((changed,)))
    assert not rebuild_progress(store, "default", "w").is_running
    assert store.value("SELECT count() FROM corrections") == 1
