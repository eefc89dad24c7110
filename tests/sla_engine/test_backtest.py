"""Back-tests: what another promise would have said of stored history, without touching what was said."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from model import Catalog, Refused
from sla_engine import backtest, candidate
from store import Store, apply_catalog
from tests.sla_engine.story import SLA, Happening, Story, catalog, when

FOUR: dict[str, Any] = {"from": "a", "to": "b", "within": "4h"}
SINCE, UNTIL = when("2026-03-01T00:00:00Z"), when("2026-03-16T00:00:00Z")


def two_weeks(store: Store) -> Story:
    """One order a day, answered after 1, 2, 3 ... hours."""
    story = Story(store, FOUR)
    start = when("2026-03-02T08:00:00Z")
    events = []
    for day in range(8):
        at = start + timedelta(days=day)
        events += [
            Happening("a", at, order=f"SO-{day}"),
            Happening("b", at + timedelta(hours=1 + day), order=f"SO-{day}"),
        ]
    story.tell(events)
    story.tick("2026-03-20T00:00:00Z")
    return story


def tried(story: Story, *slas: dict[str, Any]) -> Any:
    changed = catalog(*slas)
    return backtest(story.store, story.tenant, story.catalogs[-1].catalog, changed, since=SINCE, until=UNTIL)


def test_a_tighter_promise_shows_week_by_week_what_would_have_differed(shared_store: Store) -> None:
    story = two_weeks(shared_store)
    before = story.reader.ledger(story.tenant, SLA), story.clocks("SO-3")
    (found,) = tried(story, {**FOUR, "within": "2h", "at_risk": "50%"})
    assert not found.is_new
    weeks = [(each.monday, each.would.breached, each.was.breached, each.would.alerts) for each in found.weeks]
    assert weeks == [(date(2026, 3, 2), 5, 3, 6), (date(2026, 3, 9), 1, 1, 1)]
    assert [each.would.attainment for each in found.weeks] == [2 / 7, 0]
    assert (found.newly_breached.clocks, found.newly_breached.examples) == (2, ("SO-2", "SO-3"))
    assert found.no_longer_breached.clocks == 0
    assert (story.reader.ledger(story.tenant, SLA), story.clocks("SO-3")) == before
    assert json.dumps(found.as_json())


def test_a_looser_promise_and_a_new_one(shared_store: Store) -> None:
    story = two_weeks(shared_store)
    looser, new = tried(story, {**FOUR, "within": "6h"}, {**FOUR, "id": "second", "within": "7h"})
    assert looser.no_longer_breached.examples == ("SO-4", "SO-5")
    assert new.is_new
    assert new.newly_breached.examples == ("SO-7",)


def test_what_is_still_open_is_not_broken_by_a_time_that_has_not_come(shared_store: Store) -> None:
    story = Story(shared_store, {**FOUR, "at_risk": "50%"})
    story.happens("a", "2026-03-02T08:00:00Z")
    story.tick("2026-03-02T09:00:00Z")
    (found,) = tried(story, {**FOUR, "within": "6h", "at_risk": "50%"})
    assert [(each.would.breached, each.would.alerts, each.was.alerts) for each in found.weeks] == [(0, 0, 0)]
    assert found.newly_breached.clocks == 0


def test_a_feed_that_was_never_heard_is_waited_for_on_both_sides(shared_store: Store) -> None:
    every: dict[str, Any] = {"every": "15m", "system": "wms"}
    story = Story(shared_store, every, applied="2026-03-02T08:00:00Z")
    (applied,) = story.catalogs
    apply_catalog(shared_store, applied.catalog, tenant=story.tenant, actor="ana", at=applied.effective_at)
    story.tick("2026-03-03T00:00:00Z")
    changed, new = tried(story, {**every, "every": "20m"}, {**every, "id": "new"})
    assert [(each.would.breached, each.was.breached) for each in changed.weeks] == [(1, 1)]
    assert (changed.newly_breached.clocks, changed.no_longer_breached.clocks) == (0, 0)
    assert new.weeks == ()


def test_the_databases_of_a_back_test_are_gone_afterwards(shared_store: Store) -> None:
    story = two_weeks(shared_store)
    tried(story, {**FOUR, "within": "2h"})
    assert shared_store.value("SELECT count() FROM system.databases WHERE name LIKE '%trial%'") == 0


def test_nothing_to_compare_is_refused(shared_store: Store) -> None:
    story = Story(shared_store, FOUR)
    with pytest.raises(Refused, match="nothing to compare"):
        tried(story, FOUR)
    with pytest.raises(Refused, match="ends before"):
        backtest(shared_store, "t", Catalog(), catalog(FOUR), since=UNTIL, until=SINCE)
    with pytest.raises(Refused, match="other keys or milestones"):
        backtest(shared_store, "t", Catalog(), catalog(FOUR), since=SINCE, until=UNTIL)


def test_a_changed_file_takes_the_place_of_the_one_with_the_same_workflow() -> None:
    active = catalog(FOUR)
    text = active.sources[0][1].replace('"within": "4h"', '"within": "2h"')
    as_yaml = "".join(f"{name}: {json.dumps(value)}\n" for name, value in json.loads(text).items())
    for name, written in (("story.yaml", text), ("other.yaml", text), ("other.yaml", as_yaml)):
        assert [each.within for each in candidate(active, name, written).slas] == [timedelta(hours=2)]
