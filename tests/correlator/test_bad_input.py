"""What is wrong with an event is seen on it, and is nobody else's trouble: the tick goes on and the rest is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from correlator import Correlator, InstanceReader, TimelineEvent
from model import Amount, Catalog, ManualClock, Milestone, Workflow
from store import Store
from tests.correlator.outcome import stitched
from tests.correlator.telemetry import RECEIVED, START, Event, log_row, milestones, send, send_rows, workflow

STEPS = milestones(["placed", "made", "gone", "billed"])
_PLAIN = workflow(("order", "delivery", "invoice"), STEPS)
FLOW = Workflow("w", "W", _PLAIN.keys, "order", STEPS, amount=Amount("total", "currency"), hash="h1")
GOOD = [
    Event("a", 0, "placed", {"order": "O1"}),
    Event("b", 1, "made", {"order": "O1", "delivery": "D1"}),
    Event("c", 2, "gone", {"delivery": "D1"}),
]


def _tick(store: Store, flow: Workflow = FLOW) -> InstanceReader:
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    return InstanceReader(store, ManualClock(RECEIVED))


def _waiting(reader: InstanceReader) -> dict[str, TimelineEvent]:
    found, _ = reader.unresolved("default", Catalog((FLOW,)))
    return {each.event.attributes["cloudevents.event_id"]: each.event for each in found}


AMOUNTS = {
    "12.50": "12.50",
    " -3 ": "-3",
    "1e2": "100",
    "0": "0",
    "much": None,
    "1,234.50": None,
    "12 EUR": None,
    "NaN": None,
    "1e400": None,
    "9" * 200: None,
    "--1": None,
    "-": None,
    "+": None,
    ".": None,
    "e5": None,
    "1.2.3": None,
}


def test_an_amount_that_cannot_be_read_is_none_and_is_flagged(store: Store) -> None:
    send(store, [Event(f"a{n}", 0, "placed", {"order": f"O{n}"}, "", {"total": t}) for n, t in enumerate(AMOUNTS)])
    send(store, [Event("blank", 0, "placed", {"order": "blank"}, "", {"total": " "})])
    reader = _tick(store)
    found = {}
    for number, text in enumerate(AMOUNTS):
        row = reader.instance("default", FLOW, f"O{number}")
        assert row is not None
        [event], _ = reader.timeline("default", FLOW, f"O{number}")
        assert event.flags == row.flags
        found[text] = (row.amount, row.flags)
    assert found == {
        text: (amount, [] if amount is not None else ["unreadable_amount"]) for text, amount in AMOUNTS.items()
    }
    blank = reader.instance("default", FLOW, "blank")
    assert blank is not None
    assert (blank.amount, blank.flags) == (None, [])


def test_an_amount_that_cannot_be_read_leaves_the_one_before_it(store: Store) -> None:
    send(store, [Event("a", 0, "placed", {"order": "O1"}, "", {"total": "7.10", "currency": "EUR"})])
    send(store, [Event("b", 1, "made", {"order": "O1"}, "", {"total": "seven"})])
    row = _tick(store).instance("default", FLOW, "O1")
    assert row is not None
    assert (row.amount, row.currency, row.flags) == ("7.10", "EUR", ["unreadable_amount"])


def test_an_event_without_a_service_names_no_system(store: Store) -> None:
    send_rows(store, "logs", [log_row(GOOD[0]), {**log_row(GOOD[1]), "ServiceName": ""}])
    reader = _tick(store)
    row = reader.instance("default", FLOW, "O1")
    assert row is not None
    assert (row.systems, row.flags) == (["tests"], ["missing_service"])
    assert [each.system for each in reader.milestones("default", FLOW, "O1")[:2]] == ["tests", None]


def _with_value(event_id: str, value: str) -> dict[str, Any]:
    return log_row(Event(event_id, 3, "gone", {"delivery": value}))


def test_a_key_of_a_megabyte_an_empty_and_a_binary_one_are_no_trouble_to_the_rest(store: Store) -> None:
    binary = {"nul": "a\x00b", "separator": "a\x1fdelivery\x1fD1", "quotes": "'; DROP TABLE events; --\\", "%": "%"}
    linked = [log_row(Event(f"l{n}", 2, "made", {"order": "O2", "delivery": v})) for n, v in enumerate(binary.values())]
    rows = [_with_value("long", "D" * 1_000_000), _with_value("empty", ""), _with_value("blank", " \t\n")]
    rows += [_with_value(name, value) for name, value in binary.items()]
    send_rows(store, "logs", [*rows, *linked, *(log_row(each) for each in GOOD)])
    reader = _tick(store)
    found = stitched(store, FLOW)
    assert found.timelines["O1"] == ["a", "b", "c"]
    assert set(found.timelines["O2"]) == {*binary, *(f"l{n}" for n in range(len(binary)))}
    waiting = _waiting(reader)
    assert set(waiting) == {"long", "empty", "blank"}
    assert {name: each.flags for name, each in waiting.items()} == {"long": ["oversized_key"], "empty": [], "blank": []}
    for value in binary.values():
        hits, _ = reader.search("default", Catalog((FLOW,)), value)
        assert ("O2", value) in [(each.instance.key, each.matched_value) for each in hits]


def test_bytes_that_are_no_text_are_a_key_like_any_other(store: Store) -> None:
    send(store, [Event("d", 5, "made", {"order": "O1", "delivery": "raw"}), Event("e", 6, "gone", {"delivery": "raw"})])
    send(store, GOOD)
    store.execute(
        "ALTER TABLE otel_logs UPDATE LogAttributes = mapUpdate(LogAttributes, map('key.delivery', unhex('fffe00c3')))"
        " WHERE LogAttributes['key.delivery'] = 'raw' SETTINGS mutations_sync = 1"
    )
    reader = _tick(store)
    assert stitched(store, FLOW).timelines == {"O1": ["a", "b", "c", "d", "e"]}
    events, _ = reader.timeline("default", FLOW, "O1")
    assert [each.keys["delivery"] for each in events[3:]] == [["FFFE00C3"], ["FFFE00C3"]]
    [found], _ = reader.search("default", Catalog((FLOW,)), "FFFE00C3")
    assert found.instance.key == "O1"


def test_an_event_of_a_thousand_keys_belongs_to_all_of_them(store: Store) -> None:
    send(store, [*GOOD, Event("wave", 5, "gone", {"order": [f"P{n}" for n in range(1000)]})])
    reader = _tick(store)
    assert stitched(store, FLOW).timelines["O1"] == ["a", "b", "c"]
    assert reader.workflow_counts("default") == {"w": {"in_progress": 1001}}
    [event], _ = reader.timeline("default", FLOW, "P999")
    assert event.flags == []
    assert event.keys == {"order": [f"P{n}" for n in range(1000)]}


def test_an_event_that_would_link_everything_with_everything_links_nothing_and_says_so(store: Store) -> None:
    many = {name: [f"{name}{n}" for n in range(500)] for name in ("delivery", "invoice")}
    send(
        store,
        [*GOOD, Event("all", 5, "billed", {"order": "O9", **many}), Event("d7", 6, "gone", {"delivery": "delivery7"})],
    )
    reader = _tick(store)
    found = stitched(store, FLOW)
    assert found.timelines == {"O1": ["a", "b", "c"], "O9": ["all"]}
    assert found.flags == {"O9": ["skipped", "too_many_links"]}
    assert found.unresolved == ["d7"]
    assert store.value("SELECT count() FROM key_links") == 1
    assert "too_many_links" in (reader.timeline("default", FLOW, "O9")[0][0]).flags


CLOCKS = {
    "1900": datetime(1900, 1, 1, tzinfo=UTC),
    "the epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "another century": datetime(1999, 12, 31, 23, 59, tzinfo=UTC),
    "the future": datetime(2099, 1, 1, tzinfo=UTC),
    "the end of nanoseconds": datetime(2262, 4, 11, tzinfo=UTC),
}


def test_a_clock_that_is_years_off_moves_its_own_event_only(store: Store) -> None:
    steps = tuple(
        Milestone(each.id, each.place, each.match, each.title, system=f"s_{each.id}") for each in FLOW.milestones
    )
    flow = Workflow("w", "W", FLOW.keys, "order", steps, hash="h1")
    right = [
        log_row(Event(f"{each.id} {key}", each.at, each.milestone, {"order": key})) for key in CLOCKS for each in GOOD
    ]
    wrong = [
        {**log_row(Event(f"wrong {key}", 0, "billed", {"order": key})), "Timestamp": at, "TraceId": f"{n:032x}"}
        for n, (key, at) in enumerate(CLOCKS.items(), 1)
    ]
    send_rows(store, "logs", [*wrong, *right])
    reader = _tick(store, flow)
    for key, at in CLOCKS.items():
        row = reader.instance("default", flow, key)
        assert row is not None
        assert ("future_dated" in row.flags) == (at > RECEIVED), key
        assert row.current_milestone == "gone", key
        assert row.last_event_at == START + timedelta(minutes=2), key
        assert row.started_at == min(at, START), key
        events, _ = reader.timeline("default", flow, key)
        assert [each.occurred_at for each in events if each.milestone == "billed"] == [at]
        assert reader.spans("default", events) == ([], False)
        assert {each.by for each in reader.causes("default", flow, row, events)[0]} == {"key"}
    seen = reader.systems_seen("default")
    assert seen["s_billed"] == CLOCKS["another century"], (
        "neither the future nor the dawn of time is how far it has come"
    )
    assert seen["s_gone"] == START + timedelta(minutes=2)


def test_a_definition_that_contradicts_history_rules_from_then_on(store: Store) -> None:
    """The delivery becomes the root and the order an alias; the last step becomes the first, and is now unique."""
    send(store, [*GOOD, Event("d", 3, "gone", {"delivery": "D1"}), Event("e", 4, "placed", {"order": "O7"})])
    _tick(store)
    turned = milestones(["gone", "made", "placed"], unique=["gone"])
    flow = workflow(("delivery", "order", "invoice"), turned, definition="h2")
    reader = _tick(store, flow)
    found = stitched(store, flow)
    assert found.timelines == {"D1": ["a", "b", "c", "d"]}
    assert found.flags["D1"] == ["duplicate_effect", "out_of_sequence"]
    assert found.unresolved == ["e"]
    assert reader.instance("default", flow, "O1") is None
    for table in ("events", "memberships", "instances"):
        assert store.rows(f"SELECT DISTINCT toString(definition) AS d FROM {table} FINAL") == [{"d": "h2"}], table


def test_an_event_without_a_time_proves_its_links_at_its_first_receipt_alone(store: Store) -> None:
    """However often it is delivered, in whatever batches and order, and whatever the engine has merged."""
    flow = workflow(("order", "cart"), milestones(["placed", "closed"]), {"cart": 60})
    first, again = RECEIVED, RECEIVED + timedelta(hours=3)

    def row(event: Event, at: datetime, flags: str = "") -> dict[str, Any]:
        told = log_row(event)
        told["LogAttributes"] |= {"throughline.flags": flags} if flags else {}
        return {**told, "Timestamp": at}

    untimed = Event("a", 0, "placed", {"order": "O1", "cart": "C"})
    deliveries = [row(untimed, at, "missing_timestamp") for at in (first, again)]
    near = [row(Event("soon", 0, "closed", {"cart": "C"}), first + timedelta(minutes=5))]
    far = [row(Event("late", 0, "closed", {"cart": "C"}), again + timedelta(minutes=5))]
    clock = ManualClock(again + timedelta(hours=1))
    for tenant in ("one by one", "in one batch", "merged", "the later one first", "the later one first, and merged"):
        arrivals = list(zip(deliveries, (first, again), strict=True))
        for each, at in arrivals[::-1] if "later" in tenant else arrivals:
            send_rows(store, "logs", [each], received_at=at, tenant=tenant)
            if tenant != "in one batch":
                Correlator(store, clock).tick(tenant, Catalog((flow,)))
                clock.advance(timedelta(minutes=3))
        if "merged" in tenant:
            store.execute("OPTIMIZE TABLE key_links FINAL")
        send_rows(store, "logs", [*near, *far], received_at=again, tenant=tenant)
        Correlator(store, clock).tick(tenant, Catalog((flow,)))
        found = stitched(store, flow, tenant)
        assert (found.timelines, found.unresolved) == ({"O1": ["a", "soon"]}, ["late"]), tenant


def test_what_an_event_without_a_time_led_to_before_it_turned_out_to_be_earlier_is_taken_back(store: Store) -> None:
    """It leads others by the time of its receipt, and is led itself."""
    flow = workflow(("order", "cart"), milestones(["placed", "closed"]), {"cart": 60})
    first, again = RECEIVED, RECEIVED + timedelta(hours=3)
    untimed = [Event("a", 0, "placed", {"order": "O1", "cart": "C"}), Event("d", 0, "closed", {"cart": "D"})]
    timed = (
        (Event("soon", 0, "closed", {"cart": "C"}), first),
        (Event("late", 0, "closed", {"cart": "C"}), again),
        (Event("e", 0, "placed", {"order": "O2", "cart": "D"}), again),
    )
    send_rows(store, "logs", [{**log_row(each), "Timestamp": at} for each, at in timed], received_at=again)
    seen = []
    for at in (again, first):
        told = [log_row(each) for each in untimed]
        for each in told:
            each["LogAttributes"] |= {"throughline.flags": "missing_timestamp"}
            each["Timestamp"] = at
        send_rows(store, "logs", told, received_at=at)
        _tick(store, flow)
        found = stitched(store, flow)
        seen.append((found.timelines, found.unresolved))
    assert seen == [
        ({"O1": ["a", "late"], "O2": ["e", "d"]}, ["soon"]),
        ({"O1": ["a", "soon"], "O2": ["e"]}, ["d", "late"]),
    ]
