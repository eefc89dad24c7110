"""Feeds: `every` and `volume`, told as stories. b is reported by the system wms."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any, cast

import pytest

from model import ManualClock
from sla_engine import ClockRow, SlaEngine
from store import Store
from tests.sla_engine.story import Happening, Judged, Story, when
from tests.sla_engine.test_ticks import START, Crash, Crashing

EVERY: dict[str, Any] = {"every": "15m", "system": "wms"}


def speaks(story: Story, *times: str) -> None:
    story.tell(Happening("b", when(at), order=f"SO-{at}") for at in times)


def feed_at(story: Story, as_of: str, name: str = "wms") -> Judged:
    story.tick(as_of)
    return Judged(story.clocks(name))


def test_a_feed_that_speaks_in_time_has_no_clock_and_one_that_falls_silent_breaches(shared_store: Store) -> None:
    story = Story(shared_store, EVERY)
    speaks(story, "2026-03-02T08:00:00Z", "2026-03-02T08:10:00Z")
    feed_at(story, "2026-03-02T08:25:00Z").is_()
    judged = feed_at(story, "2026-03-02T08:25:00.000001Z").is_("breached", due="2026-03-02T08:25:00Z")
    judged.because("the next event of wms", "has not come")
    speaks(story, "2026-03-02T08:40:00Z")
    judged = feed_at(story, "2026-03-02T08:41:00Z").is_("breached", since="2026-03-02T08:25:00Z")
    assert judged.only.satisfied_at == when("2026-03-02T08:40:00Z")
    feed_at(story, "2026-03-02T09:00:00Z").is_("breached", "breached")


def test_a_silence_is_at_risk_before_it_breaches_and_met_when_the_feed_speaks(shared_store: Store) -> None:
    story = Story(shared_store, {**EVERY, "at_risk": "10m"})
    speaks(story, "2026-03-02T08:00:00Z")
    feed_at(story, "2026-03-02T08:06:00Z").is_("at_risk", since="2026-03-02T08:05:00Z")
    speaks(story, "2026-03-02T08:07:00Z")
    feed_at(story, "2026-03-02T08:08:00Z").is_("met", since="2026-03-02T08:07:00Z")


def test_a_milestone_is_a_feed_of_its_own(shared_store: Store) -> None:
    story = Story(shared_store, {"every": "15m", "milestone": "a"})
    story.happens("a", "2026-03-02T08:00:00Z")
    speaks(story, "2026-03-02T08:10:00Z", "2026-03-02T08:20:00Z")  # b is somebody else
    feed_at(story, "2026-03-02T08:15:00Z", "a").is_()
    feed_at(story, "2026-03-02T08:15:00.000001Z", "a").is_("breached", due="2026-03-02T08:15:00Z")


def test_an_event_that_arrives_late_takes_a_silence_back(shared_store: Store) -> None:
    story = Story(shared_store, EVERY)
    speaks(story, "2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z")
    feed_at(story, "2026-03-02T08:31:00Z").is_("breached")
    speaks(story, "2026-03-02T08:15:00Z")
    feed_at(story, "2026-03-02T08:32:00Z").is_("met", since="2026-03-02T08:15:00Z")


def test_silence_counts_in_business_time(shared_store: Store) -> None:
    story = Story(shared_store, {**EVERY, "calendar": "berlin"})
    speaks(story, "2026-03-06T15:50:00Z")  # Friday 16:50 in Berlin
    feed_at(story, "2026-03-09T08:05:00Z").is_()
    feed_at(story, "2026-03-09T08:06:00Z").is_("breached", due="2026-03-09T08:05:00Z")


def summary(clocks: list[ClockRow]) -> list[tuple[Any, ...]]:
    return [(c.started_at, str(c.verdict), c.deadline_at, c.valid_from) for c in clocks if str(c.verdict) != "met"]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_any_order_of_arrival_and_any_ticks_find_the_same_silences(shared_store: Store, seed: int) -> None:
    rng = random.Random(seed)
    start = when("2026-03-02T08:00:00Z")
    times = [start + timedelta(seconds=rng.randrange(0, 5 * 3600, 20)) for _ in range(25)]
    end = start + timedelta(hours=6)
    once, often = Story(shared_store, EVERY), Story(shared_store, EVERY)
    once.tell(Happening("b", at, order=f"SO-{n}") for n, at in enumerate(times))
    once.tick(end)
    for number in range(4):
        often.tell(Happening("b", at, order=f"SO-{n}") for n, at in enumerate(times) if n % 4 == number)
        often.tick(start + timedelta(hours=number, minutes=rng.randrange(60)))
    often.restart()
    often.tick(end)
    assert summary(often.clocks("wms")) == summary(once.clocks("wms"))
    assert {str(each.verdict) for each in once.clocks("wms")} == {"breached"}


def test_a_feed_that_was_never_heard_is_waited_for_from_when_the_promise_was_applied(shared_store: Store) -> None:
    story = Story(shared_store, {**EVERY, "at_risk": "5m"}, applied="2026-03-02T08:00:00Z")
    feed_at(story, "2026-03-02T08:05:00Z").is_()
    feed_at(story, "2026-03-02T08:11:00Z").is_("at_risk", since="2026-03-02T08:10:00Z")
    judged = feed_at(story, "2026-03-02T08:16:00Z").is_("breached", due="2026-03-02T08:15:00Z")
    judged.because("the next event of wms", "has not come")
    story.restart()
    feed_at(story, "2026-03-02T09:00:00Z").is_("breached")
    speaks(story, "2026-03-02T09:10:00Z")
    judged = feed_at(story, "2026-03-02T09:11:00Z").is_("breached", due="2026-03-02T08:15:00Z")
    assert judged.only.satisfied_at == when("2026-03-02T09:10:00Z")
    feed_at(story, "2026-03-02T09:19:00Z").is_("breached")
    feed_at(story, "2026-03-02T09:26:00Z").is_("breached", "breached")


def test_an_earlier_event_that_arrives_late_takes_the_waiting_back(shared_store: Store) -> None:
    story = Story(shared_store, EVERY, applied="2026-03-02T08:00:00Z")
    feed_at(story, "2026-03-02T08:16:00Z").is_("breached")
    speaks(story, "2026-03-02T07:50:00Z", "2026-03-02T08:04:00Z", "2026-03-02T08:16:00Z")
    feed_at(story, "2026-03-02T08:17:00Z").is_("cancelled", since="2026-03-02T08:00:00Z").because("does not count")
    feed_at(story, "2026-03-02T08:18:00Z").is_("cancelled")


def test_one_that_was_heard_before_is_judged_by_its_events_alone(shared_store: Store) -> None:
    story = Story(shared_store, EVERY, applied="2026-03-02T08:00:00Z")
    speaks(story, "2026-03-02T07:50:00Z")
    feed_at(story, "2026-03-02T08:06:00Z").is_("breached", due="2026-03-02T08:05:00Z")
    feed_at(story, "2026-03-02T08:30:00Z").is_("breached")


def test_waiting_counts_in_business_time_and_from_the_promise_about_that_feed(shared_store: Store) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "1h"}, applied="2026-03-01T00:00:00Z")
    story.changes_to("2026-03-06T15:50:00Z", {**EVERY, "calendar": "berlin"})  # Friday 16:50 in Berlin
    story.changes_to("2026-03-06T15:55:00Z", {**EVERY, "calendar": "berlin", "every": "20m"})  # still waited for
    feed_at(story, "2026-03-09T08:05:00Z").is_()
    feed_at(story, "2026-03-09T08:06:00Z").is_("breached", due="2026-03-09T08:05:00Z")


def test_days_of_a_feed_that_was_never_heard_count_from_the_next_midnight(shared_store: Store) -> None:
    story = Story(shared_store, ENOUGH, applied="2026-03-02T10:00:00Z")
    feed_at(story, "2026-03-02T12:00:00Z", "b").is_()
    feed_at(story, "2026-03-03T12:00:00Z", "b").is_("breached", due="2026-03-03T11:00:00Z")
    speaks(story, *(f"2026-03-04T08:0{n}:00Z" for n in range(3)))
    feed_at(story, "2026-03-04T12:00:00Z", "b").is_("breached", "met")
    late = Story(shared_store, ENOUGH, applied="2026-03-02T10:00:00Z")
    speaks(late, *(f"2026-03-04T08:0{n}:00Z" for n in range(3)))
    feed_at(late, "2026-03-04T12:00:00Z", "b").is_("breached", "met")


ENOUGH: dict[str, Any] = {"volume": {"at_least": 3, "by": "12:00"}, "milestone": "b", "calendar": "berlin"}


def test_enough_by_the_time_of_day(shared_store: Store) -> None:
    story = Story(shared_store, {**ENOUGH, "at_risk": "1h"})
    speaks(story, "2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z")
    feed_at(story, "2026-03-02T09:30:00Z", "b").is_("pending", due="2026-03-02T11:00:00Z")
    feed_at(story, "2026-03-02T10:30:00Z", "b").is_("at_risk").because("3 of b")
    speaks(story, "2026-03-02T11:00:00Z")  # noon in Berlin, inclusive
    feed_at(story, "2026-03-02T11:30:00Z", "b").is_("met", since="2026-03-02T11:00:00Z")
    judged = feed_at(story, "2026-03-03T11:30:00Z", "b").is_("met", "breached")
    assert judged.clocks[1].deadline_at == when("2026-03-03T11:00:00Z")
    assert judged.clocks[1].started_at == when("2026-03-02T23:00:00Z")


@pytest.mark.parametrize(
    ("midnight", "noon", "last_hour"),
    [
        pytest.param("2026-10-24T22", "2026-10-25T11", "2026-10-25T22", id="25 hours"),
        pytest.param("2026-03-28T23", "2026-03-29T10", "2026-03-29T21", id="23 hours"),
    ],
)
def test_a_day_on_which_clocks_change_counts_all_of_its_events(
    shared_store: Store, midnight: str, noon: str, last_hour: str
) -> None:
    volume = {"volume": {"at_least": 3, "by": "12:00"}, "milestone": "b", "zone": "Europe/Berlin"}
    story = Story(shared_store, volume)
    speaks(story, *(f"{midnight}:{minute}:00Z" for minute in (10, 20, 30)))
    for as_of in (f"{noon}:00:00Z", f"{last_hour}:45:00Z", f"{last_hour}:50:00Z"):
        feed_at(story, as_of, "b").is_("met", due=f"{noon}:00:00Z", since=f"{midnight}:30:00Z")


def test_days_that_are_not_worked_expect_nothing(shared_store: Store) -> None:
    story = Story(shared_store, ENOUGH)
    speaks(story, *(f"2026-03-06T08:0{n}:00Z" for n in range(3)))  # Friday
    feed_at(story, "2026-03-09T07:00:00Z", "b").is_("met", "pending")


def test_too_many_breach_when_they_came(shared_store: Store) -> None:
    story = Story(shared_store, {"volume": {"at_most": 2, "by": "18:00"}, "milestone": "b", "zone": "UTC"})
    speaks(story, "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z")
    feed_at(story, "2026-03-02T10:00:00Z", "b").is_("pending", due="2026-03-02T18:00:00Z")
    speaks(story, "2026-03-02T11:00:00Z")
    judged = feed_at(story, "2026-03-02T11:00:01Z", "b").is_("breached", since="2026-03-02T11:00:00Z")
    judged.because("More than 2 of b", "11:00:00")
    speaks(story, "2026-03-03T08:00:00Z", "2026-03-03T19:00:00Z", "2026-03-03T20:00:00Z")
    judged = feed_at(story, "2026-03-03T21:00:00Z", "b").is_("breached", "met")
    assert judged.clocks[1].reason.startswith("No more than 2 of b came")


TOO_MANY: dict[str, Any] = {"volume": {"at_most": 2, "by": "18:00"}, "milestone": "b", "zone": "UTC"}


def test_an_event_that_was_voided_does_not_count_for_a_feed(shared_store: Store) -> None:
    story = Story(shared_store, TOO_MANY, {**EVERY, "id": "silence"})
    speaks(story, "2026-03-02T08:00:00Z", "2026-03-02T08:10:00Z", "2026-03-02T08:10:30Z", "2026-03-02T08:20:00Z")
    feed_at(story, "2026-03-02T08:31:00Z", "b").is_("breached", since="2026-03-02T08:10:30Z")
    feed_at(story, "2026-03-02T08:32:00Z").is_()
    story.never_happened("b", "2026-03-02T08:10:30Z")
    feed_at(story, "2026-03-02T08:33:00Z", "b").is_("breached", since="2026-03-02T08:20:00Z")
    story.never_happened("b", "2026-03-02T08:10:00Z")
    feed_at(story, "2026-03-02T08:34:00Z", "b").is_("pending", due="2026-03-02T18:00:00Z")
    feed_at(story, "2026-03-02T08:34:30Z").is_("breached", due="2026-03-02T08:15:00Z")  # 08:00 to 08:20
    feed_at(story, "2026-03-02T09:00:00Z").is_("breached", "breached")
    story.never_happened("b", "2026-03-02T08:20:00Z")
    feed_at(story, "2026-03-02T09:01:00Z").is_("breached", "cancelled")
    story.never_happened("b", "2026-03-02T08:00:00Z")
    feed_at(story, "2026-03-02T09:02:00Z").is_("cancelled", "cancelled")
    feed_at(story, "2026-03-02T09:03:00Z", "b").is_("cancelled")


def test_an_event_that_was_voided_while_nothing_was_promised_of_its_feed_does_not_count_thereafter(
    shared_store: Store,
) -> None:
    story = Story(shared_store, ENOUGH)
    speaks(story, *(f"2026-03-04T08:0{n}:00Z" for n in range(3)))
    feed_at(story, "2026-03-04T10:00:00Z", "b").is_("met")
    story.changes_to("2026-03-04T10:01:00Z")
    story.tick("2026-03-04T10:02:00Z")
    story.never_happened("b", "2026-03-04T08:02:00Z")
    story.tick("2026-03-04T10:03:00Z")
    story.changes_to("2026-03-04T10:04:00Z", ENOUGH)
    feed_at(story, "2026-03-04T12:00:00Z", "b").is_("breached", due="2026-03-04T11:00:00Z")


def test_of_an_event_that_came_in_two_versions_a_feed_counts_the_one_that_counts(shared_store: Store) -> None:
    times = ("2026-03-02T08:10:00Z", "2026-03-02T10:00:00Z")
    at_most_one: dict[str, Any] = {**TOO_MANY, "volume": {"at_most": 1, "by": "18:00"}}
    for first, second in (times, times[::-1]):  # whichever counts, once it comes last
        story = Story(shared_store, at_most_one)
        story.happens("b", first, order="SO-1", id="same")
        feed_at(story, "2026-03-02T10:30:00Z", "b").is_("pending")
        story.happens("b", second, order="SO-1", id="same")
        feed_at(story, "2026-03-02T10:31:00Z", "b").is_("pending")
        story.happens("b", "2026-03-02T10:40:00Z", order="SO-2")
        feed_at(story, "2026-03-02T10:41:00Z", "b").is_("breached", since="2026-03-02T10:40:00Z")


@pytest.mark.slow
def test_minutes_of_a_feed_are_made_anew_whatever_the_crash(shared_store: Store) -> None:
    story = Story(shared_store, TOO_MANY)
    times = ("2026-03-02T08:10:00Z", "2026-03-02T08:10:10Z", "2026-03-02T08:10:20Z", "2026-03-02T08:10:30Z")
    speaks(story, *times)
    story.tick("2026-03-02T09:00:00Z")
    story.never_happened("b", times[0])
    steps = 0
    while steps < 100:
        story.engine = SlaEngine(cast(Store, Crashing(shared_store, iter(range(1000)), steps)), ManualClock(START))
        try:
            story.tick(when("2026-03-02T09:30:00Z") + timedelta(seconds=steps))
        except Crash:
            steps += 1
        else:
            break
    story.restart()
    feed_at(story, "2026-03-02T10:00:00Z", "b").is_("breached", since=times[3])
    speaks(story, "2026-03-02T10:01:00Z")
    story.never_happened("b", times[1])
    feed_at(story, "2026-03-02T10:02:00Z", "b").is_("breached", since="2026-03-02T10:01:00Z")
    assert 10 < steps < 100
