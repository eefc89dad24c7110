"""Filters and tiers: which starts open a clock, and how long each may take."""

from __future__ import annotations

from typing import Any

import pytest

from store import Store
from tests.sla_engine.story import Happening, Story, when

BASE: dict[str, Any] = {"from": "a", "to": "b"}


def orders(story: Story, **attributes: dict[str, str]) -> None:
    story.tell(
        Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{name}", attributes=each)
        for name, each in attributes.items()
    )


def opened(story: Story, *names: str) -> dict[str, Any]:
    """The deadline's hour of each order's clock, None where there is no clock."""
    found = {name: story.clocks(f"SO-{name}") for name in names}
    return {
        name: clocks[0].deadline_at.hour if clocks and clocks[0].deadline_at else None for name, clocks in found.items()
    }


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"attributes": {"class": "gold"}}, ["gold"]),
        ({"attributes": {"class": ["gold", "sil*"]}}, ["gold", "silver"]),
        ({"attributes": {"class": {"exists": False}}}, ["none"]),
        ({"attributes": {"class": {"pattern": "^g"}}}, ["gold"]),
        ({"amount": {"gte": 100}}, ["gold"]),
        ({"amount": {"lt": 100}}, ["silver"]),
        ({"keys": {"delivery": "D-*"}}, ["silver"]),
        ({"keys": {"delivery": {"exists": True}}}, ["silver"]),
        ({"system": "wms"}, []),
    ],
    ids=str,
)
def test_only_starts_that_pass_the_filter_open_a_clock(
    shared_store: Store, where: dict[str, Any], holds: list[str]
) -> None:
    story = Story(shared_store, {**BASE, "within": "1h", "where": where})
    orders(
        story,
        gold={"class": "gold", "total": "100.00"},
        silver={"class": "silver", "total": "99.99", "delivery": "D-1"},
        none={"total": "much"},
    )
    story.tick("2026-03-02T08:30:00Z")
    assert sorted(name for name, hour in opened(story, "gold", "silver", "none").items() if hour) == holds


def test_of_several_tiers_the_first_that_fits_decides_and_the_rest_have_the_rest(shared_store: Store) -> None:
    tiers = [
        {"where": {"attributes": {"class": "gold"}}, "within": "1h"},
        {"where": {"amount": {"gte": 50}}, "within": "2h"},
    ]
    story = Story(shared_store, {**BASE, "within": "8h", "tiers": tiers, "at_risk": "50%"})
    orders(story, gold={"class": "gold", "total": "60"}, big={"total": "60"}, small={"total": "5"})
    story.tick("2026-03-02T09:00:01Z")
    assert opened(story, "gold", "big", "small") == {"gold": 9, "big": 10, "small": 16}
    verdicts = [str(story.clocks(f"SO-{name}")[0].verdict) for name in ("gold", "big", "small")]
    assert verdicts == ["breached", "at_risk", "pending"]


def test_tiers_without_a_rest_leave_the_others_alone(shared_store: Store) -> None:
    story = Story(shared_store, {**BASE, "tiers": [{"where": {"attributes": {"class": "gold"}}, "within": "1h"}]})
    orders(story, gold={"class": "gold"}, other={})
    story.tick("2026-03-02T09:00:01Z")
    assert opened(story, "gold", "other") == {"gold": 9, "other": None}
