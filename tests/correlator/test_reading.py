"""What a reader sees: lists, one instance, its timeline with the links that led there, search, what waits, the feed."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from correlator import (
    Correlator,
    InstanceFilter,
    InstanceReader,
    changed_instances,
    instance_events,
    latest_version,
    reached_values,
    system_progress,
)
from correlator.typed_key import typed_key
from model import BadRequest, Catalog, KeyType, ManualClock, Match, Milestone, Outcome, Workflow, cursor_of
from store import Sql, Store
from tests.correlator.telemetry import RECEIVED, START, Event, exact, send, send_rows

KEYS = (
    KeyType("order", 0, (("key.order",),), ("strip_leading_zeros",)),
    KeyType("delivery", 1, (("key.delivery",),)),
    KeyType("invoice", 2, (("key.company", "key.invoice"), ("key.invoice",))),
    KeyType("trace", 3),
)
STEPS = (
    Milestone("placed", 0, Match(event=exact("placed")), "Placed", system="shop"),
    Milestone("released", 1, Match(event=exact("released")), "Released", system="erp"),
    Milestone("issued", 2, Match(event=exact("issued")), "Issued"),
    Milestone("paid", 3, Match(event=exact("paid")), "Paid", system="bank", ends=Outcome.COMPLETED),
)
FLOW = Workflow("flow", "Flow", KEYS, "order", STEPS, hash="h1")
CATALOG = Catalog((FLOW,))
EVENTS = [
    Event("a", 0, "placed", {"order": "007", "company": "1000", "invoice": "I/1"}, trace="a1" * 16),
    Event("b", 5, "released", {"order": "7", "delivery": "D1"}),
    Event("c", 9, "issued", {"delivery": "D1"}),
    Event("d", 20, "paid", {"company": "1000", "invoice": "I/1"}),
    Event("e", 1, "placed", {"order": "8"}),
    Event("f", 2, "issued", {"delivery": "D99"}),
    Event("g", 2, "issued", {}),
]


@pytest.fixture
def reader(store: Store) -> InstanceReader:
    """Two orders, one of them paid, and two events that wait, of which one came with two contents."""
    send(store, [*EVENTS, EVENTS[0], Event("g", 3, "issued", {})])
    Correlator(store, ManualClock(RECEIVED)).tick("default", CATALOG)
    return InstanceReader(store)


def test_what_a_reader_sees(store: Store, reader: InstanceReader) -> None:
    _lists(reader)
    _one_instance(reader)
    _timeline(reader)
    _search(reader)
    _waiting(reader)
    _spans(store, reader)
    _feed(store)


def _lists(reader: InstanceReader) -> None:
    assert reader.workflow_counts("default") == {"flow": {"completed": 1, "in_progress": 1}}
    assert reader.workflow_counts("other") == {}
    assert reader.milestone_counts("default") == {"flow": {"placed": 1}}
    assert reader.milestone_counts("other") == {}
    page, cursor = reader.instances("default", "flow", InstanceFilter(), limit=1)
    assert [each.key for each in page] == ["7"]
    rest, end = reader.instances("default", "flow", InstanceFilter(), limit=1, cursor=cursor)
    assert [each.key for each in rest] == ["8"]
    assert end is None
    with pytest.raises(BadRequest):
        reader.instances("default", "flow", InstanceFilter(), cursor="nonsense")
    for where, keys in [
        (InstanceFilter(status=("completed",)), ["7"]),
        (InstanceFilter(status=("completed", "in_progress")), ["7", "8"]),
        (InstanceFilter(milestone=("placed",)), ["8"]),
        (InstanceFilter(system=("bank",)), ["7"]),
        (InstanceFilter(started_after=START + timedelta(minutes=1)), ["8"]),
        (InstanceFilter(started_before=START + timedelta(minutes=1)), ["7"]),
        (InstanceFilter(q=("D",)), ["7"]),
        (InstanceFilter(q=("0008",)), ["8"]),
        (InstanceFilter(q=("01000",)), []),  # zeros count in a company's code
        (InstanceFilter(q=("x",)), []),
        (InstanceFilter(restrict=Sql("SELECT {wanted:String} AS key", {"wanted": "8"})), ["8"]),
    ]:
        assert [each.key for each in reader.instances("default", FLOW, where)[0]] == keys, where


def _one_instance(reader: InstanceReader) -> None:
    row = reader.instance("default", FLOW, "0007")
    assert row is not None
    assert (row.key, row.status, row.current_milestone) == ("7", "completed", "paid")
    assert row.started_at == START
    assert row.completed_at == row.last_event_at == START + timedelta(minutes=20)
    assert row.keys == {"delivery": ["D1"], "invoice": ["1000/I\\/1"], "order": ["7"], "trace": ["a1" * 16]}
    assert reader.instance("default", FLOW, "9") is None
    assert reader.instance("other", FLOW, "7") is None
    reached = [(each.id, each.reached_at, each.system) for each in reader.milestones("default", FLOW, "8")]
    assert reached == [
        ("placed", START + timedelta(minutes=1), "shop"),
        ("released", None, "erp"),
        ("issued", None, None),
        ("paid", None, "bank"),
    ]


def _timeline(reader: InstanceReader) -> None:
    events, cursor = reader.timeline("default", FLOW, "7", limit=3)
    assert [each.milestone for each in events] == ["placed", "released", "issued"]
    assert [each.deliveries for each in events] == [2, 1, 1]
    assert [each.system for each in events] == ["shop", "erp", "tests"]
    rest, end = reader.timeline("default", FLOW, "7", limit=3, cursor=cursor)
    assert [(each.milestone, each.outcome) for each in rest] == [("paid", "completed")]
    assert end is None
    assert events[0].linked_by == []
    [hop] = events[2].linked_by
    assert (hop.outer_type, hop.outer_value, hop.inner_type, hop.inner_value) == ("delivery", "D1", "order", "7")
    assert hop.event_id == events[1].event_id
    [paid] = rest[0].linked_by
    assert (paid.outer_value, paid.inner_value, paid.event_id) == ("1000/I\\/1", "7", events[0].event_id)
    assert reader.timeline("default", FLOW, "none") == ([], None)


def _search(reader: InstanceReader) -> None:
    def found(q: str) -> list[tuple[str, str, str]]:
        rows, _ = reader.search("default", CATALOG, q)
        return [(each.instance.key, each.matched_type, each.matched_value) for each in rows]

    assert found("D1") == [("7", "delivery", "D1")]
    assert found("D") == [("7", "delivery", "D1")]
    assert found("0000007") == [("7", "order", "7")]
    assert found("1000/I\\/1") == [("7", "invoice", "1000/I\\/1")]
    assert found("1000") == [("7", "invoice", "1000/I\\/1")]
    assert found("a1a1") == [("7", "trace", "a1" * 16)]
    assert found("nothing") == found(" ") == []


def _waiting(reader: InstanceReader) -> None:
    events, cursor = reader.unresolved("default", CATALOG, limit=1)
    more, end = reader.unresolved("default", CATALOG, limit=1, cursor=cursor)
    waiting = {each.event.attributes["cloudevents.event_id"]: each.waiting_for for each in events + more}
    assert waiting == {"f": [("delivery", "D99")], "g": []}
    assert sorted(each.event.flags for each in events + more) == [[], ["conflicting_duplicate"]]
    assert end is None
    assert reader.systems_seen("default") == {
        "shop": START + timedelta(minutes=1),
        "erp": START + timedelta(minutes=5),
        "bank": START + timedelta(minutes=20),
    }


def _spans(store: Store, reader: InstanceReader) -> None:
    events, _ = reader.timeline("default", FLOW, "7")
    assert reader.spans("default", events) == ([], False)
    span = {"Timestamp": START, "TraceId": "a1" * 16, "SpanId": "b2" * 8, "SpanName": "GET", "Duration": 2_000_000}
    send_rows(store, "traces", [span, span])
    [row], _ = reader.spans("default", events)
    assert (row.name, row.duration_us, row.ended_at - row.started_at) == ("GET", 2000, timedelta(milliseconds=2))


def _feed(store: Store) -> None:
    version = latest_version(store, "default")
    assert version > 0
    assert latest_version(store, "other") == 0
    assert sorted(row["key"] for row in store.rows(changed_instances(0, version))) == ["7", "8"]
    assert store.rows(changed_instances(version, version + 1)) == []
    wanted = Sql("SELECT {wanted:String} AS key", {"wanted": "7"})
    rows = store.rows(instance_events("default", FLOW, wanted))
    assert sorted((row["milestone"], row["place"], row["outcome"]) for row in rows) == [
        ("issued", 2, ""),
        ("paid", 3, "completed"),
        ("placed", 0, ""),
        ("released", 1, ""),
    ]
    [placed] = [row for row in rows if row["milestone"] == "placed"]
    assert placed["keys"] == {"order": ["7"], "invoice": ["1000/I\\/1"], "trace": ["a1" * 16]}
    assert placed["attributes"]["key.order"] == "007"
    events = Sql("SELECT event_id FROM events WHERE milestone = 'paid'")
    assert [row["value"] for row in store.rows(reached_values("default", FLOW, "order", events))] == ["7"]
    progress = system_progress("default", START + timedelta(minutes=5))
    assert {row["system"]: row["seen_at"] - START for row in store.rows(progress)} == {
        "shop": timedelta(minutes=1),
        "erp": timedelta(minutes=5),
    }


def test_every_instance_that_is_listed_can_be_opened(store: Store) -> None:
    """Also where its own name, normalized once more, is the name of another one."""
    for tenant, root in (
        ("composite", KeyType("order", 0, (("key.company", "key.no"), ("key.order",)), ("strip_leading_zeros",))),
        ("single", KeyType("order", 0, (("key.order",),), ("strip_leading_zeros", "trim"))),
    ):
        flow = Workflow("flow", "Flow", (root,), "order", STEPS, hash="h1")
        sent = [
            Event("a", 0, "placed", {"company": "12", "no": "0034"}),
            Event("b", 1, "released", {"order": "12/0034"}),
            Event("c", 2, "placed", {"order": "7"}),
            Event("d", 3, "released", {"order": " 007"}),
        ]
        send(store, sent[:2] if tenant == "composite" else sent[2:], tenant=tenant)
        Correlator(store, ManualClock(RECEIVED)).tick(tenant, Catalog((flow,)))
        reader = InstanceReader(store)
        listed = [each.key for each in reader.instances(tenant, flow, InstanceFilter())[0]]
        assert len(listed) == 2
        for key in listed:
            row = reader.instance(tenant, flow, key)
            assert row is not None
            assert row.key == key
            [event] = reader.timeline(tenant, flow, key)[0]
            assert event.milestone == row.current_milestone
        [other] = {"12/34", "7"} & set(listed)
        assert [each.milestone for each in reader.timeline(tenant, flow, f"000{other}")[0]] == ["placed"]


def test_a_future_dated_event_in_between_takes_nothing_from_the_time_at_a_milestone(store: Store) -> None:
    correlator = Correlator(store, ManualClock(RECEIVED))
    early = [Event("a", 0, "placed", {"order": "7"}), Event("b", 20, "released", {"order": "7"})]
    send(store, early, received_at=START + timedelta(minutes=10))
    correlator.tick("default", CATALOG)
    send(store, [Event("c", 30, "issued", {"order": "7"})])
    correlator.tick("default", CATALOG)
    reached = InstanceReader(store, ManualClock(START + timedelta(minutes=35))).milestones("default", FLOW, "7")
    assert {each.id: (each.times, each.rested) for each in reached} == {
        "placed": (1, timedelta(minutes=30)),
        "released": (1, timedelta(0)),
        "issued": (1, timedelta(minutes=5)),
        "paid": (0, timedelta(0)),
    }


def test_what_waited_for_a_workflow_that_is_gone_is_listed_no_more(store: Store) -> None:
    gone = Workflow("gone", "Gone", KEYS, "order", STEPS, hash="h2")
    send(store, [Event("a", 0, "issued", {"delivery": "D1"}), Event("b", 1, "issued", {"delivery": "D2"})])
    orders = [Event(f"o{n}", 0, "placed", {"order": f"{n}", "delivery": "D3"}) for n in range(1, 4)]
    send(store, [*orders, Event("c", 1, "issued", {"delivery": "D3"})])
    Correlator(store, ManualClock(RECEIVED), hub_limit=2).tick("default", Catalog((FLOW, gone)))
    reader = InstanceReader(store)
    for catalog, names in ((Catalog((FLOW, gone)), ["flow", "gone"]), (CATALOG, ["flow"]), (Catalog(), [])):
        waiting, _ = reader.unresolved("default", catalog)
        assert [each.workflow for each in waiting] == sorted(2 * names)
        hubs, _ = reader.hubs("default", catalog)
        assert [each.workflow for each in hubs] == names


def test_a_cursor_that_no_list_gave_out_is_refused(store: Store) -> None:
    reader = InstanceReader(store)
    typed_timeline = ("timeline", typed_key("flow", "order", "7"))
    texts = ["{", "[" * 100_000, "1" * 5_000, "1", '""', '{"1": 1}', "null"]
    positions: list[list[Any]] = [[], [1, 1], ["a"] * 6, [1, 1, "\ud800"], [True, 1, "a"], ["\ud800"], [1, "\udfff"]]
    positions += [[1, -1, "a"], [1, 1 << 16, "a"], [1 << 63, 1, "a"], [1 << 63, "a"], [-1, *"aaaa"], [256, *"aaaa"]]
    forged = [base64.urlsafe_b64encode(each.encode()).decode() for each in texts]
    here = {
        typed_timeline: lambda cursor: reader.timeline("default", FLOW, "7", cursor=cursor),
        ("instances", "flow"): lambda cursor: reader.instances("default", FLOW, InstanceFilter(), cursor=cursor),
        ("search", "7"): lambda cursor: reader.search("default", CATALOG, "7", cursor=cursor),
        ("unresolved",): lambda cursor: reader.unresolved("default", CATALOG, cursor=cursor),
        ("hubs",): lambda cursor: reader.hubs("default", CATALOG, cursor=cursor),
    }
    for of, read in here.items():
        for cursor in [*forged, *(cursor_of(of, each) for each in positions), "é", "", cursor_of(("a",), ["a"])]:
            with pytest.raises(BadRequest, match="Start again without one"):
                read(cursor)
    for of, position in ((("instances", "other"), [1, "a"]), (("search", "8"), [0, *"aaaa"])):
        with pytest.raises(BadRequest, match="Start again without one"):
            here[of[0], "flow" if of[0] == "instances" else "7"](cursor_of(of, position))
    last = cursor_of(typed_timeline, [-1 << 63, (1 << 16) - 1, "a\0"])
    assert reader.timeline("default", FLOW, "7", cursor=last) == ([], None)


def test_the_spans_of_a_page_are_those_of_its_events_and_it_says_where_there_are_more(store: Store) -> None:
    steps = [Event(f"s{n}", n, "released", {"order": "7"}, f"{n:032x}") for n in range(1, 13)]
    send(store, steps)
    spans = [
        {"Timestamp": each.occurred_at, "TraceId": each.trace, "SpanId": f"{n:016x}", "SpanName": each.id}
        for each in steps
        for n in (1, 2)
    ]
    send_rows(store, "traces", spans)
    Correlator(store, ManualClock(RECEIVED)).tick("default", CATALOG)
    reader = InstanceReader(store)
    first, cursor = reader.timeline("default", FLOW, "7", limit=8)
    second, _ = reader.timeline("default", FLOW, "7", limit=8, cursor=cursor)
    for page, names in ((first, range(1, 9)), (second, range(9, 13))):
        found, is_cut = reader.spans("default", page)
        assert not is_cut
        assert [each.name for each in found] == [f"s{n}" for n in names for _ in (1, 2)]
        found, is_cut = reader.spans("default", page, limit=3)
        assert (len(found), is_cut) == (3, True)


def test_spans_that_began_long_before_what_they_have_to_do_with_the_order_are_found(store: Store) -> None:
    """A nightly batch comes to an order after hours; what else began then is not asked for."""
    batch, other = "b" * 32, "c" * 32
    hours = {"batch": (batch, "b1", "", 0), "step": (batch, "b2", "b1", 0.5), "write": (batch, "b3", "b2", 3.9)}
    hours |= {"call": (other, "c1", "", 4), "elsewhere": ("d" * 32, "d1", "", 0)}
    send_rows(
        store,
        "traces",
        [
            {
                "Timestamp": START + timedelta(hours=at),
                "TraceId": trace,
                "SpanId": span,
                "ParentSpanId": above,
                "SpanName": name,
            }
            for name, (trace, span, above, at) in hours.items()
        ],
    )
    logged = {"ServiceName": "s", "LogAttributes": {"key.order": "7"}}
    at = {"placed": (other, "c1", 4), "released": (batch, "b3", 4), "issued": (batch, "b2", 4.1)}
    send_rows(
        store,
        "logs",
        [
            {**logged, "Timestamp": START + timedelta(hours=hour), "TraceId": trace, "SpanId": span, "EventName": name}
            for name, (trace, span, hour) in at.items()
        ],
    )
    Correlator(store, ManualClock(RECEIVED)).tick("default", CATALOG)
    reader = InstanceReader(store)
    events, _ = reader.timeline("default", FLOW, "7")
    assert [each.name for each in reader.spans("default", events)[0]] == ["batch", "step", "write", "call"]
    assert [each.name for each in reader.spans("default", events[2:])[0]] == ["batch", "step", "write"]
    assert [each.name for each in reader.spans("default", events[:1])[0]] == ["call"]


def test_how_an_event_got_there_is_told_however_often_its_links_are_proved(store: Store) -> None:
    """More often than a reader reads proofs, of links for ever and of links within a window, to many orders."""
    windowed = tuple(replace(each, window=timedelta(minutes=30)) if each.name == "trace" else each for each in KEYS)
    flow = replace(FLOW, keys=windowed)
    proofs = [
        Event(f"p{n}", n / 60, "released", {"order": "7", "delivery": f"D{n % 20}"}, "a1" * 16) for n in range(4_000)
    ]
    others = [Event(f"o{n}", 0, "placed", {"order": f"9{n}", "delivery": f"D{n % 20}"}) for n in range(600)]
    ends = [Event(f"d{n}", 70, "issued", {"delivery": f"D{n}"}) for n in range(20)]
    ends.append(Event("t", 95, "issued", {}, "a1" * 16))
    send(store, [*proofs, *others, *ends])
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    reader = InstanceReader(store)
    events, cursor = reader.timeline("default", flow, "7", limit=4_010)
    events += reader.timeline("default", flow, "7", limit=50, cursor=cursor)[0]
    told = {(hop.outer_value, hop.proved_at) for each in events if each.milestone == "issued" for hop in each.linked_by}
    assert {each.milestone for each in events[4_000:]} == {"issued"}
    assert all(each.linked_by for each in events[4_000:])
    deliveries = {(f"D{n}", START + timedelta(seconds=n)) for n in range(20)}
    by_trace = {("a1" * 16, START + timedelta(minutes=65, seconds=n)) for n in range(20)}
    assert told == deliveries | by_trace


def test_how_an_event_got_there_is_told_the_same_whatever_came_first(store: Store) -> None:
    """Over a chain of two links, the outer one proved twice, by events after the one that asks."""
    events = [
        Event("a", 0, "placed", {"order": "7", "delivery": "D1"}),
        Event("b", 5, "released", {"delivery": "D1", "invoice": "I1"}),
        Event("c", 9, "released", {"delivery": "D1", "invoice": "I1"}),
        Event("d", 3, "paid", {"invoice": "I1"}),
        Event("e", 4, "released", {"order": "8", "invoice": "I1"}),
    ]
    told = {}
    for tenant, order in (("forward", events), ("backward", events[::-1])):
        correlator = Correlator(store, ManualClock(RECEIVED))
        for each in order:
            send(store, [each], tenant=tenant)
            correlator.tick(tenant, CATALOG)
        reader = InstanceReader(store)
        called = {each.event_id: each.milestone for each in reader.timeline(tenant, FLOW, "7")[0]}
        told[tenant] = {
            key: [
                [
                    (hop.outer_value, hop.inner_value, hop.proved_at - START, called.get(hop.event_id))
                    for hop in each.linked_by
                ]
                for each in reader.timeline(tenant, FLOW, key)[0]
                if each.milestone == "paid"
            ]
            for key in ("7", "8")
        }
    first, second = timedelta(0), timedelta(minutes=5)
    assert told["forward"] == {
        "7": [[("D1", "7", first, "placed"), ("I1", "D1", second, "released")]],
        "8": [[("I1", "8", timedelta(minutes=4), None)]],
    }
    assert told["backward"] == told["forward"]
