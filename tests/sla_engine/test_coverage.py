"""Coverage: how often a system usually speaks, what cadence that suggests, how much of the time it was heard."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sla_engine import CoverageReader
from store import Store
from tests.sla_engine.story import Happening, Story, when

NOW = when("2026-03-15T00:00:00Z")  # a Sunday


def heard(store: Store, every: timedelta, *, cadence: str | None = None, days: int = 7) -> Story:
    systems = [{"id": "wms", **({"cadence": cadence} if cadence else {})}]
    story = Story(store, {"from": "a", "to": "b", "within": "1h"}, systems=systems)
    at, events = NOW - timedelta(days=days), []
    while at < NOW:
        if not (at.weekday() == 2 and at.hour < 12):  # nothing on Wednesday mornings
            events.append(Happening("b", at, order="SO-1"))
        at += every
    story.tell(events)
    return story


def test_the_usual_cadence_is_learned_by_the_hour_of_the_week_and_proposed(shared_store: Store) -> None:
    story = heard(shared_store, timedelta(minutes=4), days=21)
    found = CoverageReader(shared_store).coverage(story.tenant, story.catalogs[-1].catalog, NOW)["wms"]
    assert found.usual == timedelta(minutes=4)
    assert found.proposed == timedelta(minutes=10)
    monday_noon, tuesday_late, wednesday_early = 12, 24 + 23, 48 + 3
    assert found.by_hour[monday_noon] == timedelta(minutes=4)
    assert (found.by_hour[tuesday_late] or timedelta()) > timedelta(hours=12)
    assert found.by_hour[wednesday_early] is None


def test_the_share_of_time_heard_leaves_out_silence_beyond_the_cadence(shared_store: Store) -> None:
    story = heard(shared_store, timedelta(minutes=10), cadence="4m")
    found = CoverageReader(shared_store).coverage(story.tenant, story.catalogs[-1].catalog, NOW)["wms"]
    heard_for = 4 * (7 * 24 * 6 - 12 * 6)  # 4 of every 10 minutes; of Wednesday morning only the first 4
    assert found.share_seen == pytest.approx(heard_for / (7 * 24 * 60), abs=0.001)


def test_from_little_nothing_is_learned(shared_store: Store) -> None:
    story = heard(shared_store, timedelta(days=2))
    found = CoverageReader(shared_store).coverage(story.tenant, story.catalogs[-1].catalog, NOW)["wms"]
    assert (found.usual, found.proposed, found.share_seen) == (None, None, None)
