"""Maintenance windows stop the clock for a reason, and the verdict says which."""

from __future__ import annotations

from typing import Any

import pytest

from store import Store
from tests.sla_engine.story import Judged, Story, when

FOUR: dict[str, Any] = {"from": "a", "to": "b", "within": "4h", "calendar": "kept_up"}
FRIDAY = "2026-03-06T15:00:00Z"  # 16:00 in Berlin: an hour until the weekend, and Monday begins with an upgrade


@pytest.mark.parametrize(
    ("end", "at", "verdict"),
    [
        (None, "2026-03-09T09:00:00Z", "pending"),
        (None, "2026-03-09T13:00:01Z", "breached"),
        ("2026-03-09T12:00:00Z", "2026-03-09T14:00:00Z", "met"),
        ("2026-03-09T15:00:00Z", "2026-03-09T16:00:00Z", "breached"),
    ],
)
def test_a_verdict_says_what_moved_its_deadline(shared_store: Store, end: str | None, at: str, verdict: str) -> None:
    story = Story(shared_store, FOUR)
    story.happens("a", FRIDAY)
    if end:
        story.happens("b", end)
    judged = story.at(at).is_(verdict, due="2026-03-09T13:00:00Z")
    judged.because("Not counted: ERP's upgrade (2026-03-09 07:00 to 2026-03-09 10:00 UTC).")


def silent(judged: Judged) -> bool:
    return "Not counted" not in judged.only.reason


def test_what_moved_nothing_is_not_told_of(shared_store: Store) -> None:
    by_night = Story(shared_store, FOUR)
    by_night.happens("a", "2026-03-10T15:00:00Z")  # the night's work is no working time anyway
    assert silent(by_night.at("2026-03-11T09:00:00Z").is_("pending", due="2026-03-11T11:00:00Z"))
    before = Story(shared_store, {**FOUR, "within": "1h"})
    before.happens("a", FRIDAY)
    assert silent(before.at("2026-03-09T09:00:00Z").is_("breached", due="2026-03-06T16:00:00Z"))
    promised = Story(shared_store, {"from": "a", "to": "b", "by": {"attribute": "promise"}, "calendar": "kept_up"})
    promised.happens("a", FRIDAY, attributes={"promise": "2026-03-09T12:00:00Z"})
    assert silent(promised.at("2026-03-09T11:00:00Z").is_("pending", due="2026-03-09T12:00:00Z"))
    other = Story(shared_store, {**FOUR, "calendar": "berlin"})
    other.happens("a", FRIDAY)
    assert silent(other.at("2026-03-09T10:00:00Z").is_("pending", due="2026-03-09T11:00:00Z"))


def test_of_a_clock_that_starts_within_the_window_only_the_rest_of_it_counts(shared_store: Store) -> None:
    story = Story(shared_store, FOUR)
    story.happens("a", "2026-03-09T09:30:00Z")
    story.at("2026-03-09T09:45:00Z").is_("pending", due="2026-03-09T14:00:00Z").because("ERP's upgrade")


def test_a_feed_that_was_silent_over_maintenance_says_so_too(shared_store: Store) -> None:
    story = Story(shared_store, {"every": "2h", "system": "wms", "calendar": "kept_up"})
    story.happens("b", FRIDAY)
    story.tick("2026-03-09T11:00:01Z")
    Judged(story.clocks("wms")).is_("breached", due="2026-03-09T11:00:00Z").because("ERP's upgrade")


def test_the_reason_of_a_clock_woken_by_time_tells_of_it_as_well(shared_store: Store) -> None:
    story = Story(shared_store, {**FOUR, "at_risk": "75%"})
    story.happens("a", FRIDAY)
    story.tick("2026-03-06T15:30:00Z")
    story.at("2026-03-09T12:00:00Z").is_("at_risk", since="2026-03-09T12:00:00Z").because("ERP's upgrade")
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert ["ERP's upgrade" in row.reason for row in rows] == [True, True]
    assert rows[0].known_at == when("2026-03-06T15:30:00Z")
