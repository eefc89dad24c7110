"""The page of an instance with hundreds of promises, keys and events: a part of each, and how much is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from correlator import InstanceRow
from dashboard.instances import InstanceDetail
from dashboard.pages import events, timeline
from dashboard.pages.view import Drawn, View
from dashboard.queries import TimelineView
from model import BadRequest, catalog_from_sources
from store import Store
from tests.dashboard import world
from tests.dashboard.rows import NOW, clock
from tests.dashboard.test_pages import links, text, view

[ORDERS] = [each for each in catalog_from_sources([("orders.yaml", world.CATALOG)]).workflows if each.name == "orders"]


def long_order(promises: int) -> TimelineView:
    row = InstanceRow("orders", "SO-1", "in_progress", None, NOW, NOW, None, None, None, {}, [], [], "")
    due = [replace(clock("pending", number), per=f"D-{number}") for number in range(1, promises)]
    return TimelineView(
        ORDERS, InstanceDetail(row, (), (*due, replace(clock("breached", -1), per="D-0"))), (), None, ()
    )


def drawn(shown: TimelineView, at: View) -> Drawn:
    return Drawn("", [timeline.clocks_card(shown, at)])


def test_promises_are_shown_a_page_at_a_time_the_worst_first(empty_store: Store) -> None:
    shown, at = long_order(120), view(empty_store, "/workflows/orders/instances/SO-1")
    first = drawn(shown, at)
    assert text(first).index("D-0") < text(first).index("D-1 ")
    assert "D-49" in text(first)
    assert "D-50" not in text(first)
    assert "Breached 1 Pending 119" in text(first), "how all of them stand"
    [following] = [each for each in links(first) if "promises=" in each]
    cursor = following.partition("promises=")[2]
    second = drawn(shown, view(empty_store, "/workflows/orders/instances/SO-1", promises=[cursor]))
    assert "D-50" in text(second)
    assert "D-49" not in text(second)
    assert "/workflows/orders/instances/SO-1" in links(second), "back to the first ones"
    with pytest.raises(BadRequest):
        drawn(shown, view(empty_store, "/workflows/orders/instances/SO-1", promises=["x"]))
    assert "Pending 4" not in text(drawn(long_order(5), at)), "few need no summary"


def test_an_event_of_many_orders_names_the_one_that_is_looked_at() -> None:
    """A load of a thousand orders stands on the timeline of each of them."""
    keys = {"trace": ["t"], "order": [f"SO-{number:04}" for number in range(1000)]}
    said = text(Drawn("", [*events.carried(keys, {"order": frozenset(["SO-0712"])})]))
    assert " ".join(said.split()).startswith("order SO-0712 order SO-0000 order SO-0001")
    assert said.endswith("and 995 more")


def test_more_aliases_than_fit_are_counted() -> None:
    said = text(Drawn("", [timeline.aliases({"delivery": [f"D-{number}" for number in range(25)]}, ORDERS)]))
    assert "D-19" in said
    assert "D-20" not in said
    assert "delivery and 5 more" in " ".join(said.split())
