"""A key that leads to too many roots: capped, listed, and the same whatever the order of arrival."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from correlator import Correlator, InstanceFilter, InstanceReader
from model import Catalog, ManualClock, Workflow
from store import Store
from tests.correlator.outcome import Stitched, stitched
from tests.correlator.telemetry import RECEIVED, START, Event, milestones, send, send_rows, workflow

FLOW = workflow(("order", "delivery", "batch", "invoice"), milestones(["placed", "made", "loaded", "paid"]))
WINDOWED = workflow(
    ("order", "delivery", "batch", "invoice"), milestones(["placed", "made", "loaded", "paid"]), {"batch": 60}
)
LIMIT = 5


def _events(roots: int) -> list[Event]:
    """Orders of one batch, an event of the batch alone, one of an invoice beyond it and one of an innocent batch."""
    orders = [Event(f"o{n}", n, "placed", {"order": f"O{n}", "batch": "B1"}) for n in range(roots)]
    return [
        *orders,
        Event("loaded", 3, "loaded", {"batch": "B1"}),
        Event("billed", 3, "paid", {"batch": "B1", "invoice": "I1"}),
        Event("paid", 9, "paid", {"invoice": "I1"}),
        Event("made", 4, "made", {"order": "O1", "delivery": "D1", "batch": "B2"}),
        Event("other", 5, "loaded", {"batch": "B2"}),
        Event("both", 6, "loaded", {"batch": ["B1", "B2"]}),
    ]


def _run(store: Store, tenant: str, flow: Workflow, batches: list[list[Event]]) -> Stitched:
    correlator = Correlator(store, ManualClock(RECEIVED), hub_limit=LIMIT)
    for batch in batches:
        send(store, batch, tenant=tenant)
        correlator.tick(tenant, Catalog((flow,)))
    return stitched(store, flow, tenant)


@pytest.mark.parametrize("flow", [FLOW, WINDOWED], ids=["without a window", "with a window"])
def test_a_hub_hides_what_it_leads_to_in_any_order_of_arrival(store: Store, flow: Workflow) -> None:
    events = _events(LIMIT + 1)
    rng = random.Random(3)
    whole = _run(store, "whole", flow, [events])
    assert whole.timelines["O1"] == ["o1", "made", "other", "both"]
    assert whole.timelines["O2"] == ["o2"]
    assert whole.unresolved == []
    assert _run(store, "singly", flow, [[each] for each in rng.sample(events, len(events))]) == whole
    late_root = [*events[1:], events[0]]
    assert _run(store, "late", flow, [late_root[:-1], late_root[-1:]]) == whole
    reader = InstanceReader(store)
    hubs, cursor = reader.hubs("late", Catalog((flow,)), limit=1)
    more, _ = reader.hubs("late", Catalog((flow,)), cursor=cursor)
    assert [(each.key_type, each.value) for each in hubs + more] == [("batch", "B1"), ("invoice", "I1")]
    assert hubs[0].links == LIMIT + 1
    assert hubs[0].events == 3
    row = reader.instance("late", flow, "O3")
    assert row is not None
    assert row.flags == ["hub"]
    page, _ = reader.instances("late", flow, InstanceFilter(q=("O3",)))
    assert page == [row]


def test_the_list_counts_the_links_that_hold(store: Store) -> None:
    correlator = Correlator(store, ManualClock(RECEIVED), hub_limit=2)
    orders = [Event(f"o{n}", n, "placed", {"order": f"O{n}", "batch": "B1"}) for n in range(5)]
    retracted = {
        "Timestamp": START,
        "EventName": "throughline.link.retracted",
        "LogAttributes": {"workflow": "w", "outer.type": "batch", "outer.value": "B1", "actor": "ann"}
        | {"inner.type": "order", "inner.value": "O0"},
    }
    send(store, [*orders, Event("loaded", 9, "loaded", {"batch": "B1"})], tenant="t")
    send_rows(store, "logs", [retracted], tenant="t")
    correlator.tick("t", Catalog((FLOW,)))
    [hub], _ = InstanceReader(store).hubs("t", Catalog((FLOW,)))
    assert (hub.value, hub.links, hub.events) == ("B1", 4, 1)


def test_as_many_roots_as_the_limit_are_no_hub(store: Store) -> None:
    found = _run(store, "t", FLOW, [_events(LIMIT)])
    assert all("loaded" in ids and "paid" in ids for ids in found.timelines.values())
    assert InstanceReader(store).hubs("t", Catalog((FLOW,))) == ([], None)


def test_a_batch_of_ten_thousand_orders_is_one_hub_and_ten_thousand_orders(store: Store) -> None:
    orders = [Event(f"o{n}", 0, "placed", {"order": f"O{n}", "batch": "B"}) for n in range(10_000)]
    steps = [Event(f"s{n}", 1, "loaded", {"batch": "B"}) for n in range(500)]
    correlator = Correlator(store, ManualClock(RECEIVED))
    for batch in (orders[:900] + steps[:250], orders[900:] + steps[250:]):
        send(store, batch)
        correlator.tick("default", Catalog((FLOW,)))
    assert InstanceReader(store).workflow_counts("default") == {"w": {"in_progress": 10_000}}
    assert store.value("SELECT count() FROM memberships FINAL") == 10_000
    [hub], _ = InstanceReader(store).hubs("default", Catalog((FLOW,)))
    assert (hub.value, hub.links, hub.events) == ("B", 10_000, 500)


def test_what_came_without_a_time_makes_no_hub_for_all_times(store: Store) -> None:
    """Records without times are at 1970: a moment like any other, though it is numbered zero."""
    flow = workflow(("order", "cart"), milestones(["placed", "closed"]), {"cart": 60})
    none = (datetime(1970, 1, 1, tzinfo=UTC) - START) / timedelta(minutes=1)
    early = [
        Event("a", none, "placed", {"order": "O1", "cart": "C"}),
        Event("b", none, "placed", {"order": "O2", "cart": "C"}),
        Event("c", none, "closed", {"cart": "C"}),
    ]
    late = [Event("d", 0, "placed", {"order": "O3", "cart": "C"}), Event("e", 1, "closed", {"cart": "C"})]
    for tenant, batches in {"early first": [early, late], "late first": [late, early]}.items():
        correlator = Correlator(store, ManualClock(RECEIVED), hub_limit=1)
        for batch in batches:
            send(store, batch, tenant=tenant)
            correlator.tick(tenant, Catalog((flow,)))
        found = stitched(store, flow, tenant)
        assert found.timelines == {"O1": ["a"], "O2": ["b"], "O3": ["d", "e"]}
        assert found.unresolved == []
