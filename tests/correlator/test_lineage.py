"""From an order in the shop forward to the documents of the ERP and the load of the warehouse, and back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from correlator import Correlator, InstanceReader
from correlator.lineage import Cause, SpanNode, Step, causes, linked_traces
from model import Catalog, ManualClock, Match, Milestone, Workflow
from store import Store
from tests.correlator.telemetry import RECEIVED, START, exact, send_rows, workflow

NONE = ("", "")
_SAMPLED_OUT = {"TraceId": "d" * 32, "SpanId": "1"}


def _step(event_id: str, span: str = "", parent: str = "", **rest: Any) -> Step:
    return Step(event_id, bool(span), ("t", span), ("t", parent), rest.pop("keys", ()), rest.pop("inner", ()), **rest)


def test_the_nearest_event_above_is_the_cause_whatever_spans_lie_between() -> None:
    steps = [_step("a", "1"), _step("b", "3", "2"), _step("c", "4", "9")]
    spans = {("t", "3"): SpanNode(("t", "2")), ("t", "2"): SpanNode(("t", "1")), ("t", "1"): SpanNode(NONE)}
    assert [(each.cause, each.effect, each.by) for each in causes(steps, spans)] == [("a", "b", "span_parent")]


def _logged(event_id: str, span: str) -> Step:
    return Step(event_id, False, ("t", span), NONE, (), ())


def test_what_a_span_logs_after_it_has_called_another_did_not_cause_what_that_one_did() -> None:
    """The shop's handler calls the credit check and logs the release; a request above it has logged the order."""
    spans = {("t", "1"): SpanNode(NONE), ("t", "2"): SpanNode(("t", "1")), ("t", "3"): SpanNode(("t", "2"))}
    steps = [_logged("placed", "1"), _step("credit checked", "3", "2"), _logged("released", "2")]
    found = [(each.cause, each.effect, each.via) for each in causes(steps, spans)]
    assert found == [("placed", "credit checked", "1"), ("placed", "released", "1")]


def test_spans_that_hang_from_each_other_in_a_circle_end() -> None:
    spans = {("t", "1"): SpanNode(("t", "2"), (("t", "2"),)), ("t", "2"): SpanNode(("t", "1"))}
    assert causes([_step("a", "1", "2")], spans) == []


def test_a_span_that_is_two_events_causes_neither_of_them_however_it_hangs_from_itself() -> None:
    twice = [_step("a", "1", "1"), _step("b", "1", "1")]
    inside = Step("c", False, ("t", "1"), NONE, (), ())
    spans = {("t", "1"): SpanNode(("t", "1"), (("t", "1"), ("t", "2"))), ("t", "2"): SpanNode(("t", "1"))}
    for known in ({}, spans):
        found = [(each.cause, each.effect, each.by) for each in causes([*twice, inside], known)]
        assert found == [("a", "c", "span_parent")], "what was logged within it is another record"


def test_a_cause_is_found_through_systems_that_know_nothing_of_the_business() -> None:
    """A shop's event, the broker, a middleware that takes from one queue and puts into another, the ERP's event."""
    shop, erp = _step("shop", "1"), Step("erp", True, ("t3", "5"), ("t3", "4"), (), ())
    spans = {
        ("t", "1"): SpanNode(NONE),
        ("t", "2"): SpanNode(("t", "1")),
        ("t2", "3"): SpanNode(NONE, (("t", "2"),)),
        ("t2", "9"): SpanNode(("t2", "3")),
        ("t3", "4"): SpanNode(NONE, (("t2", "9"),)),
        ("t3", "5"): SpanNode(("t3", "4")),
    }
    assert causes([shop, erp], spans) == [Cause("shop", "erp", "span_link", "9")]
    without_ids = SpanNode(NONE, (("", ""), ("", "1"), ("t4", "")))
    assert linked_traces([*spans.values(), without_ids], ["t3", "t"]) == ["t2"]


def test_ways_up_that_never_end_are_given_up() -> None:
    spans = {("t", str(n)): SpanNode(("t", str(n + 1)), (("t", str(n + 2)),)) for n in range(1, 100_000)}
    assert causes([_step("a", "1", "2")], spans) == []


def test_an_id_that_names_itself_or_nothing_causes_nothing() -> None:
    steps = [_step("a", cloud_id="1", caused_by="1"), _step("b", cloud_id="2", caused_by="9")]
    assert causes(steps, {}) == []


def test_an_id_that_several_sources_use_is_that_of_the_own_source_else_the_latest_before() -> None:
    steps = [
        _step("shop", cloud_source="/shop", cloud_id="1001"),
        _step("own", cloud_source="/shop", cloud_id="1002", caused_by="1001"),
        _step("erp", cloud_source="/erp", cloud_id="1001"),
        _step("erp again", cloud_source="/erp", cloud_id="1001"),
        _step("still own", cloud_source="/shop", cloud_id="1003", caused_by="1001"),
        _step("other", cloud_source="/wms", cloud_id="7", caused_by="1001"),
        _step("same id", cloud_source="/bank", cloud_id="1001", caused_by="1001"),
        _step("early", cloud_source="/wms", cloud_id="8", caused_by="9"),
        _step("after", cloud_source="/shop", cloud_id="9"),
        _step("later", cloud_source="/erp", cloud_id="9"),
    ]
    assert [(each.cause, each.effect) for each in causes(steps, {})] == [
        ("shop", "own"),
        ("shop", "still own"),
        ("erp", "other"),
        ("erp", "same id"),
        ("after", "early"),
    ]


def test_a_saas_event_forward_to_the_erp_and_the_warehouse(store: Store) -> None:
    names = ["order.placed", "ERP create order", "erp.delivery.created", "load shipment", "wms.goods.issued"]
    steps = tuple(
        Milestone(name, place, Match(**{"event" if "." in name else "span": exact(name)}), name)
        for place, name in enumerate(names)
    )
    keys = workflow(("order", "delivery", "trace"), ()).keys
    flow = Workflow("w", "W", keys, "order", steps, hash="h1")
    erp, wms, broker = "a" * 32, "b" * 32, "c" * 32
    span = {"Timestamp": START, "Duration": 1_000_000, "ServiceName": "s"}
    links = {"Links.TraceState": [""], "Links.Attributes": [{}]}
    send_rows(
        store,
        "logs",
        [
            _cloud_event("order.placed", "ce-1", 0, **{"key.order": "O1"}),
            {
                "Timestamp": START,
                "EventName": "erp.delivery.created",
                "TraceId": erp,
                "SpanId": "e2",
                "LogAttributes": {"key.order": "O1", "key.delivery": "D1"},
            },
            _cloud_event("wms.goods.issued", "ce-2", 5, **{"key.delivery": "D1", "causationid": "ce-1"}),
            *(
                {"Timestamp": START, "EventName": name, **_SAMPLED_OUT, "LogAttributes": {"key.order": "O2"}}
                for name in ("erp.delivery.created", "wms.goods.issued")
            ),
        ],
    )
    send_rows(
        store,
        "traces",
        [
            {
                **span,
                "TraceId": erp,
                "SpanId": "e1",
                "SpanName": "ERP create order",
                "SpanAttributes": {"key.order": "O1"},
            },
            {**span, "TraceId": erp, "SpanId": "e2", "ParentSpanId": "e1", "SpanName": "internal"},
            {**span, "TraceId": broker, "SpanId": "m1", "SpanName": "send"},
        ],
    )
    send_rows(
        store,
        "traces",
        [
            {
                **span,
                **links,
                "TraceId": wms,
                "SpanId": "w1",
                "SpanName": "receive",
                "Links.TraceId": [erp],
                "Links.SpanId": ["e2"],
            },
            {
                **span,
                **links,
                "TraceId": wms,
                "SpanId": "w2",
                "ParentSpanId": "w1",
                "SpanName": "load shipment",
                "SpanAttributes": {"key.delivery": "D1"},
                "Links.TraceId": [broker],
                "Links.SpanId": ["m1"],
            },
        ],
    )
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    found = _caused(store, flow, "O1", 100)
    assert found == _caused(store, flow, "O1", 1), "the same, event by event"
    assert _caused(store, flow, "O2", 100) == {("erp.delivery.created", "wms.goods.issued", "key", "order=O2")}, (
        "what is logged within one span, of which nothing is known, is not above one another"
    )
    assert found == {
        ("ce-1", "ERP create order", "key", "order=O1"),
        ("ce-1", "erp.delivery.created", "key", "order=O1"),
        ("ERP create order", "erp.delivery.created", "span_parent", "e1"),
        ("erp.delivery.created", "load shipment", "span_link", "e2"),
        ("erp.delivery.created", "load shipment", "key", "delivery=D1"),
        ("erp.delivery.created", "ce-2", "key", "delivery=D1"),
        ("ce-1", "ce-2", "causation_id", "ce-1"),
    }


def test_causes_are_found_on_whatever_page_they_are(store: Store) -> None:
    """Parents, links, ids and keys, each over pages, and where traces are no keys as well."""
    names = ["placed", "moved", "logged", "billed"]
    steps = tuple(Milestone(name, place, Match(event=exact(name)), name) for place, name in enumerate(names))
    span = {"Duration": 1_000_000, "ServiceName": "s", "SpanName": "work"}
    links = {"Links.TraceState": [""], "Links.Attributes": [{}]}
    rows, spans = [], []
    for n in range(6):
        at = START + timedelta(hours=3 * n)
        trace, further = f"{n:032x}".replace("0", "a", 1), f"{n:032x}".replace("0", "b", 1)
        spans.append({**span, "Timestamp": at, "TraceId": trace, "SpanId": "01"})
        spans.append({**span, "Timestamp": at, "TraceId": trace, "SpanId": "02", "ParentSpanId": "01"})
        linked = {**links, "Links.TraceId": [trace], "Links.SpanId": ["02"]}
        spans.append({**span, **linked, "Timestamp": at + timedelta(hours=9), "TraceId": further, "SpanId": "03"})
        rows += [
            _at(at, _cloud_event("placed", f"p{n}", 0, **{"key.order": "O1", "key.delivery": f"D{n}"}), trace, "01"),
            _at(
                at + timedelta(hours=1), _cloud_event("moved", f"m{n}", 0, **{"key.delivery": f"D{n % 3}"}), trace, "02"
            ),
            _at(
                at + timedelta(hours=9), _cloud_event("logged", f"l{n}", 0, **{"key.delivery": f"D{n}"}), further, "03"
            ),
            _at(
                at + timedelta(hours=30),
                _cloud_event("billed", f"b{n}", 0, **{"key.order": ["O1", "O2"][n % 2], "causationid": f"m{n}"}),
            ),
        ]
    send_rows(store, "traces", [each for each in spans if "Links.SpanId" not in each])
    send_rows(store, "traces", [each for each in spans if "Links.SpanId" in each])
    send_rows(store, "logs", rows)
    kinds = (("order", "delivery", "trace"), ("order", "delivery"))
    flows = [workflow(kind, steps, name=f"w{n}", definition=f"h{n}") for n, kind in enumerate(kinds)]
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog(tuple(flows)))
    for flow in flows:
        whole = _caused(store, flow, "O1", 100)
        assert {by for _, _, by, _ in whole} == {"span_parent", "span_link", "causation_id", "key"}
        for limit in (1, 4, 7):
            assert _caused(store, flow, "O1", limit) == whole


def _at(at: datetime, row: dict[str, Any], trace: str = "", span: str = "") -> dict[str, Any]:
    return {**row, "Timestamp": at, "TraceId": trace, "SpanId": span}


def _caused(store: Store, flow: Workflow, key: str, limit: int) -> set[tuple[str, str, str, str]]:
    """Names of cause and effect, evidence and what it names, read page by page."""
    reader = InstanceReader(store)
    row = reader.instance("default", flow, key)
    assert row is not None
    called: dict[str, str] = {}
    found: list[Cause] = []
    cursor = None
    while cursor is not None or not called:
        events, cursor = reader.timeline("default", flow, key, limit, cursor)
        causes_of_page, is_cut = reader.causes("default", flow, row, events)
        assert not is_cut
        assert {each.effect for each in causes_of_page} <= {each.event_id for each in events}
        called |= {each.event_id: each.attributes.get("cloudevents.event_id", each.milestone) for each in events}
        found += causes_of_page
    return {(called[each.cause], called[each.effect], each.by, each.via) for each in found}


def _cloud_event(name: str, event_id: str, second: int, **attributes: str) -> dict[str, Any]:
    identity = {"cloudevents.event_id": event_id, "cloudevents.event_source": "/s"}
    at = START.replace(second=second)
    return {"Timestamp": at, "EventName": name, "ServiceName": "s", "LogAttributes": {**attributes, **identity}}
