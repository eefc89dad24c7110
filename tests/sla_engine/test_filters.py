"""Filters and tiers: which starts open a clock, and how long each may take."""

from __future__ import annotations

from typing import Any

import pytest

from model import Comparison, Condition, Filter, Level
from sla_engine.conditions import Conditions
from store import Store
from tests.sla_engine.story import Happening, Story, catalog, when

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
        ({"system": ["wms", "stor*"]}, ["gold", "none", "silver"]),
        ({"attributes": {"class": "gold"}, "amount": {"lt": 100}}, []),
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


BY_LEVEL = {
    "within": "8h",
    "tiers": [
        {"where": {"criticality": "critical"}, "within": "1h"},
        {"where": {"criticality": ["high", "urg*"]}, "within": "2h"},
    ],
}


def test_tiers_go_by_how_critical_the_instance_is_and_else_by_its_workflow(shared_store: Store) -> None:
    orders_are = {"criticality": "high", "criticality_attribute": "level"}
    story = Story(shared_store, {**BASE, **BY_LEVEL}, workflow=orders_are)
    orders(
        story, top={"level": "critical"}, soon={"level": "urgent"}, low={"level": "low"}, blank={"level": " "}, none={}
    )
    story.tick("2026-03-02T08:30:00Z")
    assert opened(story, "top", "soon", "low", "blank", "none") == {
        "top": 9,
        "soon": 10,
        "low": 16,
        "blank": 10,
        "none": 10,
    }


@pytest.mark.parametrize(
    ("criticality", "hour"), [("revenue-critical", 9), ("compliance-sensitive", 10), ("normal", 16)]
)
def test_one_definition_serves_workflows_of_different_criticality(
    shared_store: Store, criticality: str, hour: int
) -> None:
    tiers = [
        {"where": {"criticality": "revenue-critical"}, "within": "1h"},
        {"where": {"criticality": ["compliance-*", "operationally-time-bound"]}, "within": "2h"},
    ]
    story = Story(shared_store, {**BASE, "within": "8h", "tiers": tiers}, workflow={"criticality": criticality})
    orders(story, one={"level": "revenue-critical"})  # nobody declared what this attribute means
    story.tick("2026-03-02T08:30:00Z")
    assert opened(story, "one") == {"one": hour}


def test_levels_and_the_attribute_they_come_from_are_bound_values() -> None:
    hostile = "x'; DROP TABLE verdicts; -- `\\"
    level = Level(Condition(Comparison.ANY_OF, (hostile,)), hostile, hostile)
    (workflow,) = catalog({**BASE, "within": "1h"}).workflows
    found = Conditions(workflow).chosen([Filter(criticality=level)], [])
    assert "DROP" not in found.text
    assert list(found.params.values()).count(hostile) == 3
