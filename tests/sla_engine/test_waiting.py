"""Who used up the time: waiting for each milestone, in the SLA's own time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sla_engine import WaitingReader
from store import Store
from tests.sla_engine.story import Happening, Story, when

NOW = when("2026-03-09T10:00:00Z")  # a Monday


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        ({}, {("p", "stories"): 1.0, ("b", "wms"): 64.0 + 3.0}),
        ({"calendar": "berlin"}, {("p", "stories"): 1.0, ("b", "wms"): 1.0 + 2.0}),
    ],
    ids=["elapsed", "business time"],
)
def test_the_time_between_two_events_belongs_to_the_later_one(
    shared_store: Store, calendar: dict[str, Any], expected: dict[tuple[str, str], float]
) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "4h", **calendar})
    story.tell(
        [
            Happening("a", when("2026-03-06T14:00:00Z")),  # Friday 15:00 in Berlin
            Happening("p", when("2026-03-06T15:00:00Z")),
            Happening("b", when("2026-03-09T07:00:00Z")),  # Monday 08:00
            Happening("r", when("2026-03-09T09:00:00Z")),
            Happening("a", when("2026-03-09T07:00:00Z"), order="SO-2"),  # still waits
        ]
    )
    story.tick(NOW)
    active = story.catalogs[-1].catalog
    rows = WaitingReader(shared_store).waited(story.tenant, active, active.slas[0], NOW)
    found = {(each.milestone, each.system): each.time / timedelta(hours=1) for each in rows}
    assert found == pytest.approx(expected)
    assert sum(each.share for each in rows) == pytest.approx(1)


def test_without_clocks_nobody_waited(shared_store: Store) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "4h", "calendar": "berlin"})
    active = story.catalogs[-1].catalog
    assert WaitingReader(shared_store).waited(story.tenant, active, active.slas[0], NOW) == []
