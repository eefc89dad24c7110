"""Objectives: rolling windows and those of the calendar, several SLAs together, too few to say."""

from __future__ import annotations

from typing import Any

import pytest

from model import NotFound
from sla_engine import Grouping, window_start
from store import Store
from tests.sla_engine.story import Happening, Story, catalog, when

BASE: dict[str, Any] = {"from": "a", "to": "b", "within": "1h"}


@pytest.mark.parametrize(
    ("period", "zone", "now", "first"),
    [
        ("day", "Europe/Berlin", "2026-05-15T10:00:00Z", "2026-05-14T22:00:00Z"),
        ("week", "Europe/Berlin", "2026-05-15T10:00:00Z", "2026-05-10T22:00:00Z"),
        ("month", "Europe/Berlin", "2026-05-15T10:00:00Z", "2026-04-30T22:00:00Z"),
        ("quarter", "Europe/Berlin", "2026-05-15T10:00:00Z", "2026-03-31T22:00:00Z"),
        ("year", "Europe/Berlin", "2026-05-15T10:00:00Z", "2025-12-31T23:00:00Z"),
        pytest.param(
            "day", "America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z", id="midnight_comes_twice"
        ),
    ],
)
def test_a_period_begins_with_its_local_midnight(period: str, zone: str, now: str, first: str) -> None:
    objective = {"target": "90%", "period": period}
    (sla,) = catalog({**BASE, "zone": zone, "by": {"attribute": "p"}, "within": None, "objective": objective}).slas
    start = window_start(sla, when(now))
    assert (when(first) - start).total_seconds() == 1e-6  # the window is open at its beginning


def test_slas_together_by_what_they_have_in_common(shared_store: Store) -> None:
    slas = [
        {**BASE, "id": "mine", "owner": "ana", "objective": {"target": "90%", "window": "30d"}},
        {**BASE, "id": "mine_too", "owner": "ana", "within": "3h"},
        {**BASE, "id": "yours", "owner": "bob", "objective": {"target": "90%", "window": "30d", "minimum": 50}},
        {**BASE, "id": "nobodys", "within": "3h", "to": "r"},
    ]
    story = Story(shared_store, *slas)
    for number, hour in enumerate(("08:30", "10:00", "10:30", "12:00")):
        story.tell(
            [
                Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{number}"),
                Happening("b", when(f"2026-03-02T{hour}:00Z"), order=f"SO-{number}"),
            ]
        )
    now = when("2026-03-03T00:00:00Z")
    story.tick(now)
    reader, active = story.reader, story.catalogs[-1].catalog

    def told(by: Grouping, *names: str) -> dict[str, tuple[int, int, float | None]]:
        rows = reader.attainments(story.tenant, active, now, by, names)
        return {each.name: (each.met, each.breached, each.attainment) for each in rows}

    assert told(Grouping.OWNER) == {"ana": (4, 4, 0.5), "bob": (1, 3, None), "": (0, 4, 0.0)}
    assert told(Grouping.SYSTEM) == {"wms": (5, 7, None), "": (0, 4, 0.0)}
    assert told(Grouping.SLA, "mine") == {"mine": (1, 3, 0.25)}
    assert told(Grouping.WORKFLOW) == {"orders": (5, 11, None)}
    with pytest.raises(NotFound, match="No SLA has the owner 'eve'"):
        told(Grouping.OWNER, "eve")
