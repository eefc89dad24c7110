"""Where names on pages lead, and what stands beside a verdict."""

from __future__ import annotations

from datetime import UTC

import pytest

from dashboard.pages.elements import instance_href, subject_href
from dashboard.pages.overview import verdict_addresses
from dashboard.pages.timeline import again
from dashboard.queries import SlaRow
from model import Verdict, catalog_from_sources
from sla_engine import Rejudged, SlaSummary
from sla_engine.rejudging import Said
from tests.dashboard import world
from tests.dashboard.rows import NOW

FEED = """
workflow: pulses
keys: {pulse: {attributes: [pulse.id]}}
root: pulse
milestones:
  - {id: beat, match: {event: beat}}
slas:
  - {id: beats, milestone: beat, every: 1h}
"""


@pytest.mark.parametrize(
    ("sla", "leads_to"),
    [
        ("ship_in_time", "/workflows/orders/instances/A%2F5"),
        ("beats", "/slas/beats"),
        ("no longer declared", "/workflows/orders/instances/A%2F5"),
    ],
)
def test_a_promise_about_a_feed_leads_to_the_promise_and_any_other_to_its_instance(sla: str, leads_to: str) -> None:
    catalog = catalog_from_sources([("orders.yaml", world.CATALOG), ("feed.yaml", FEED)])
    assert subject_href(catalog, sla, "orders", "A/5") == leads_to


@pytest.mark.parametrize(
    ("sla", "leads_to"),
    [
        ("ship_in_time", "/workflows/orders?sla=ship_in_time&verdict=breached"),
        ("beats", "/slas/beats?verdict=breached"),
    ],
)
def test_the_verdicts_of_a_feed_lead_to_its_ledger_and_those_of_instances_to_their_list(
    sla: str, leads_to: str
) -> None:
    declared = catalog_from_sources([("orders.yaml", world.CATALOG), ("feed.yaml", FEED)]).sla(sla)
    summary = SlaSummary(sla, declared.workflow, {}, {}, None, None, {})
    assert verdict_addresses(SlaRow(declared, summary))["breached"] == leads_to


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("SO-1", "/workflows/a%20b/instances/SO-1"),
        ("A/5", "/workflows/a%20b/instances/A%2F5"),
        ("100%?#&x", "/workflows/a%20b/instances/100%25%3F%23%26x"),
        ("-", "/workflows/a%20b/instances/-"),
        (".", "/workflows/a%20b/instances/-?key=."),
        ("..", "/workflows/a%20b/instances/-?key=.."),
    ],
)
def test_every_key_has_an_address_that_browsers_leave_as_it_is(key: str, address: str) -> None:
    assert instance_href("a b", key) == address


def test_what_was_judged_again_stands_beside_the_verdict_with_who_and_when() -> None:
    assert again(None, NOW, UTC) == []
    new = Said(Verdict.MET, NOW, NOW, "Shipped two hours early.", "d2")
    row = Rejudged("r1", "ship_in_time", NOW, "ann", "SO-1", "c", "", NOW, NOW, None, new)
    shown = str(again(row, NOW, UTC))
    for word in ("Judged again by ann", "Met", "Shipped two hours early."):
        assert word in shown
