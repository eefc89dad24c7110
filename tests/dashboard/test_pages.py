"""What the pages say, drawn from real tables and read without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard import create_app
from dashboard.pages import lists, overview, routing
from dashboard.pages.app import answer
from dashboard.pages.instances import filters
from dashboard.pages.markup import Markup
from dashboard.pages.view import View
from dashboard.queries import PageQueries, SlaRow
from model import ANYBODY, Access, Principal, catalog_from_sources
from sla_engine import SlaSummary
from store import Store, apply_catalog
from tests.correlator.telemetry import send_rows
from tests.dashboard import world
from tests.dashboard.asgi import Client


def view(store: Store, path: str, **params: list[str]) -> View:
    zone = "Europe/Berlin"
    return View(PageQueries(world.services(store)), ANYBODY, path, params, world.NOW, ZoneInfo(zone), zone)


def parts(component: Any) -> Iterator[Any]:
    """A component and all that is in it, in the order it is read."""
    yield component
    children = getattr(component, "children", component if isinstance(component, list | tuple) else None)
    for child in children if isinstance(children, list | tuple) else [children]:
        if child is not None:
            yield from parts(child)


def text(drawn: Any) -> str:
    """All text of a drawn page."""
    return " ".join(str(each) for each in parts([*drawn.live, *drawn.fixed]) if isinstance(each, str | int | float))


def links(drawn: Any) -> list[str]:
    """All addresses a drawn page leads to."""
    return [each.href for each in parts([*drawn.live, *drawn.fixed]) if getattr(each, "href", None)]


def test_what_the_pages_say(read_only: Store) -> None:
    _overview(read_only)
    _timeline(read_only)
    _lists(read_only)
    _other_pages(read_only)
    _nothing_here(read_only)


def _overview(store: Store) -> None:
    drawn = routing.draw(view(store, "/"))
    said = text(drawn)
    assert "Open with a broken promise 1 1 broken in all · newest 2 h ago" in said
    assert "At risk 1 promises close to their deadline" in said
    assert "Shipped within four hours" in said
    assert "overdue by 2 h 11:00 CET" in said
    assert "/workflows/orders/instances/SO-2" in links(drawn)
    assert "/workflows/orders?status=in_progress&verdict=breached" in links(drawn)
    assert "/workflows/orders?sla=ship_in_time&verdict=at_risk" in links(drawn), "all at risk are of one promise"


def _timeline(store: Store) -> None:
    drawn = routing.draw(view(store, "/workflows/orders/instances/SO-1"))
    said = text(drawn)
    for expected in ("SO-1 Completed", "120.50 EUR", "customer-operations", "delivery D-1", "placed 08:00 CET", "+2 h"):
        assert expected.lower() in said.lower(), expected
    assert "Cancelled" not in said, "an ending that was not taken is not a step"
    assert "2 h early" in said
    assert drawn.title == "SO-1"
    late = text(routing.draw(view(store, "/workflows/orders/instances/so-2")))
    assert "Breached" in late
    assert "not yet" in late
    assert "A/5" in text(routing.draw(view(store, "/workflows/orders/instances/A%2F5")))
    assert routing.draw(view(store, "/workflows/orders/instances/-", key=["SO-2"])).title == "SO-2"
    assert routing.draw(view(store, "/workflows/orders/instances/-")).title == "-", "an instance may be called that"


def _lists(store: Store) -> None:
    drawn = routing.draw(view(store, "/workflows/orders", status=["failed"], q=["SO"]))
    addresses = links(drawn)
    assert "/workflows/orders?status=failed&status=completed&q=SO" in addresses, "a second value is added"
    assert "/workflows/orders?q=SO" in addresses, "the value that is on is taken away"
    client = Client(world_app(store))
    rows = client.get("/rows/instances?of=orders&_zone=Europe/Berlin&_limit=2").json()
    assert [each["key"]["text"] for each in rows["rows"]] == ["A/5", "SO-1"]
    assert rows["rows"][0]["key"]["href"] == "/workflows/orders/instances/A%2F5"
    assert rows["rows"][1]["verdicts"] == [{"is": "met", "word": "Met"}]
    assert rows["rows"][1]["last_event"]["local"] == "12:00 CET"
    rest = client.get(f"/rows/instances?of=orders&_limit=9&_cursor={rows['next_cursor']}").json()
    assert [each["key"]["text"] for each in rest["rows"]] == ["SO-4", "SO-3", "SO-2"]
    assert rest["next_cursor"] is None
    late = client.get("/rows/instances?of=orders&verdict=breached").json()["rows"]
    assert [each["key"]["text"] for each in late] == ["SO-2"]
    assert client.get("/rows/found?q=D-1").json()["rows"][0]["matched"] == {"first": "D-1", "second": "delivery"}
    assert client.get("/rows/unresolved").json()["rows"][0]["waiting_for"] == "delivery D-404"
    assert client.get("/rows/alerts?state=firing").json()["rows"][0]["acknowledged"]["id"]
    _offers(store)
    ledger = client.get("/rows/ledger?of=ship_in_time&verdict=breached").json()["rows"]
    assert [each["key"]["text"] for each in ledger] == ["SO-2"]
    known = client.get("/rows/ledger?of=ship_in_time").json()["rows"]
    said = {(each["key"]["text"], each["verdict"]["is"]): each["deadline"]["first"] for each in known}
    assert said["SO-1", "met"] == "2 h early"
    assert said["SO-2", "breached"] == "2 h ago", "it says what was known: the goods may have come since"
    assert said["SO-4", "cancelled"] == "in 2 h", "nothing is due of what was cancelled"
    assert client.get("/rows/nothing").status_code == 404
    assert client.get("/rows/instances?of=orders&started_after=today").status_code == 400
    for asked in ("instances?of=orders&status", "instances?of=orders&verdict", "alerts?state", "ledger?of=x&verdict"):
        refused = client.get(f"/rows/{asked}=bogus")
        assert refused.status_code == 400, asked
        assert refused.json()["detail"].startswith(f"'bogus' is no {asked.rpartition('&')[2].rpartition('?')[2]};")


def _offers(store: Store) -> None:
    """Who may only read is offered no button that would be refused."""
    people = {"reader": frozenset({"read"}), "operator": frozenset({"read", "operate"})}
    sums = tuple((sha256(each.encode()).hexdigest(), Principal(each, world.TENANT, people[each])) for each in people)
    client = Client(create_app(world.services(store, Access(False, sums))))
    for each in people:
        alert, *_ = client.get("/rows/alerts?state=firing", headers={"authorization": f"Bearer {each}"}).json()["rows"]
        assert (alert["acknowledged"] is not None) == (each == "operator"), each


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20 13:00 CET"),
        ("2026-07-01T12:00:00 02:00", "2026-07-01 12:00 CEST"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T12:00:00", "2026-11-20T12:00:00"),
        ("yesterday", "yesterday"),
        ("1899-12-31T23:59:59Z", "1899-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_the_chip_of_a_date_shows_it_in_the_readers_zone_and_can_be_taken_away(
    store: Store, text: str, shown: str
) -> None:
    [orders] = catalog_from_sources([("orders.yaml", world.CATALOG)]).workflows
    drawn = filters(view(store, "/workflows/orders", started_after=[text]), orders)
    [chip] = [each for each in parts(drawn) if str(getattr(each, "children", "")).startswith("started from")]
    assert (chip.children, chip.href) == (f"started from {shown} ✕", "/workflows/orders")


def _other_pages(store: Store) -> None:
    assert "placed → shipped within 4h" in text(routing.draw(view(store, "/slas/ship_in_time")))
    systems = text(routing.draw(view(store, "/systems")))
    assert "1 silent longer than their cadence" in systems
    assert "Never seen" not in systems
    for path in ("/slas", "/alerts", "/unresolved", "/search"):
        assert routing.draw(view(store, path)).live, path


def test_a_target_is_shown_as_it_was_declared() -> None:
    [workflow] = catalog_from_sources(
        [("orders.yaml", world.CATALOG.replace("target: 90%", "target: 99.95%"))]
    ).workflows
    [promised, *_] = workflow.slas
    row = SlaRow(promised, SlaSummary(promised.id, "orders", {}, {}, 0.9992, None, {}))
    assert lists.objective_text(row) == "99.95 % over 30d"
    assert {"99.92 %", "99.95 %"} <= {str(each) for each in parts(overview.sla_table((row,)))}


def _nothing_here(store: Store) -> None:
    for path in (
        "/nope",
        "/workflows/nope",
        "/slas/nope",
        "/workflows/orders/nope/x",
        "/workflows/orders/instances/SO-99",
    ):
        drawn = routing.draw(view(store, path))
        assert not drawn.fixed
        assert any(word in text(drawn) for word in ("There is no", "is not an instance")), path


RETURNS = world.CATALOG.replace(
    "---\nsystems",
    """---
workflow: returns
title: Returns
keys: {return: {attributes: [return.id]}}
root: return
milestones:
  - {id: announced, system: portal, match: {event: announced}}
  - {id: taken_back, system: wms, match: {event: taken_back}, ends: completed}
slas:
  - {id: back_in_time, title: Taken back within two hours, from: announced, to: taken_back, within: 2h, at_risk: 50%}
  - {id: portal_speaks, title: The portal speaks, milestone: announced, every: 30m}
---
systems""",
)


def test_headline_numbers_lead_to_lists_of_just_so_many_or_say_which_part(store: Store) -> None:
    """Two workflows with the same kinds of trouble, most of it in the second, and a feed that is broken as well."""
    announced = [world.log("announced", hours, return_id=f"R-{hours}") for hours in (1.5, 3, 4)]
    send_rows(store, "logs", announced, received_at=world.NOW - timedelta(minutes=1))
    world.build(store, RETURNS)
    app = Client(world_app(store))
    tiles = {}
    for each in parts(routing.draw(view(store, "/")).live):
        if "figure-number" in (getattr(each, "className", None) or ""):
            label, value, note = (one for one in parts(each.children) if isinstance(one, str))
            tiles[label] = (value, note, each.href)

    def listed(href: str) -> int:
        workflow, _, query = href.removeprefix("/workflows/").partition("?")
        return len(app.get(f"/rows/instances?of={workflow}&{query}").json()["rows"])

    value, note, href = tiles["Open with a broken promise"]
    assert (value, note.partition(" · ")[0], listed(href)) == ("3", "2 in Returns", 2)
    value, note, href = tiles["Open instances"]
    assert (value, note.partition(" · ")[0], listed(href)) == ("6", "3 in Orders", 3)
    value, note, href = tiles["At risk"]
    assert (value, note, href) == ("2", "promises close to their deadline · of 2 SLAs", "/slas")
    assert text(routing.draw(view(store, "/slas"))).count("At risk 1") == 2


def test_the_overview_of_many_workflows_asks_no_more_than_that_of_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    rows = Store.rows

    def noted(self: Store, statement: Any, *args: Any) -> Any:
        asked.append(statement)
        return rows(self, statement, *args)

    monkeypatch.setattr(Store, "rows", noted)
    more = [
        f"workflow: more_{number}\nkeys: {{order: {{attributes: [order.id]}}}}\nroot: order\n"
        f"milestones: [{{id: start, match: {{event: start{number}}}}}, {{id: end, match: {{event: end{number}}}}}]\n"
        f"slas: [{{id: sla_{number}, from: start, to: end, within: 1h}}]\n"
        for number in range(8)
    ]
    numbers = []
    for text in (world.CATALOG, "---\n".join([*more, world.CATALOG])):
        apply_catalog(
            store, catalog_from_sources([("orders.yaml", text)]), tenant=world.TENANT, actor="tests", at=world.NOW
        )
        asked.clear()
        assert not answer(view(store, "/"), None)[2].startswith("Failed")
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] > 0


def world_app(store: Store) -> Any:
    return create_app(world.services(store))


@pytest.mark.parametrize("path", ["/", "/slas", "/alerts", "/search", "/unresolved", "/systems", "/workflows/orders"])
def test_before_anything_happened_every_page_says_so(store: Store, path: str) -> None:
    drawn = routing.draw(view(store, path))
    assert text(drawn).strip()


def test_a_refresh_that_fails_leaves_what_is_shown_and_a_first_drawing_says_why(empty_store: Store) -> None:
    """Without tables nothing can be read."""
    broken = view(empty_store, "/")
    places, fixed, title, drawn_for = answer(broken, None)
    assert "cannot" in text_of(places) or "failed" in text_of(places)
    assert places[0] is None, "the side bar stays"
    assert "ClickHouse" not in text_of(places), "what it says quotes statements"
    assert (fixed, title, drawn_for) == ([], "Failed", None), "the next beat draws it whole"
    assert not any(isinstance(each, list) for each in answer(broken, f"{broken.address()} {broken.zone_name}"))


def test_a_refresh_leaves_the_grid_alone_and_a_new_address_does_not(read_only: Store) -> None:
    first = view(read_only, "/workflows/orders")
    _, grid, _, drawn_for = answer(first, None)
    assert grid
    refreshed = answer(first, drawn_for)
    assert not isinstance(refreshed[1], list)
    assert 'Cancelled<span class="tally">1</span>' in text_of(refreshed[0]), "what is counted is counted anew"
    assert isinstance(answer(view(read_only, "/workflows/orders", status=["failed"]), drawn_for)[1], list)


def text_of(components: Any) -> str:
    return " ".join(each.inner for each in parts(components) if isinstance(each, Markup))
