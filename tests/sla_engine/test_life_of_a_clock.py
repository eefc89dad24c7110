"""What becomes of a clock, told as stories: which answer counts, since when a verdict holds, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from store import Store
from tests.sla_engine.story import Happening, Judged, Story, when

WITHIN = {"from": "a", "to": "b", "within": "4h"}
WMS = {"id": "wms", "cadence": "15m"}


def told(store: Store, sla: dict[str, Any], *events: tuple[str, str], **more: Any) -> Story:
    story = Story(store, sla, **more)
    story.tell(Happening(milestone, when(at)) for milestone, at in events)
    return story


def test_a_verdict_holds_from_the_moment_the_data_says_not_from_when_a_tick_looked(shared_store: Store) -> None:
    story = told(shared_store, {**WITHIN, "at_risk": "75%"}, ("a", "2026-03-02T08:00:00Z"))
    story.at("2026-03-02T09:30:00Z").is_("pending", since="2026-03-02T08:00:00Z").because("b is due by", "12:00:00")
    story.at("2026-03-02T11:30:00Z").is_("at_risk", since="2026-03-02T11:00:00Z")
    story.at("2026-03-02T15:30:00Z").is_("breached", since="2026-03-02T12:00:00Z").because("has not come")
    assert story.at("2026-03-03T15:30:00Z").only.known_at == when("2026-03-02T15:30:00Z")


def test_a_late_answer_says_how_late(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("a", "2026-03-02T08:00:00Z"), ("b", "2026-03-02T14:05:00Z"))
    judged = story.at("2026-03-03T00:00:00Z").is_("breached", since="2026-03-02T12:00:00Z")
    assert judged.only.satisfied_at == when("2026-03-02T14:05:00Z")
    judged.because("2 hours", "5 minutes", "after it was due")


def test_the_answer_to_a_broken_promise_is_news(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("a", "2026-03-02T08:00:00Z"))
    story.at("2026-03-02T13:00:00Z").is_("breached")
    story.happens("b", "2026-03-02T13:30:00Z")
    answered = story.at("2026-03-02T14:00:00Z").is_("breached", since="2026-03-02T12:00:00Z")
    assert answered.only.known_at == when("2026-03-02T14:00:00Z")
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert [(str(row.verdict), row.satisfied_at, row.known_at) for row in rows] == [
        ("breached", None, when("2026-03-02T13:00:00Z")),
        ("breached", when("2026-03-02T13:30:00Z"), when("2026-03-02T14:00:00Z")),
    ]


def test_a_cancellation_ends_only_clocks_that_run(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("x", "2026-03-02T07:00:00Z"), ("a", "2026-03-02T08:00:00Z"))
    story.at("2026-03-02T09:00:00Z").is_("pending")
    story.at("2026-03-02T13:00:00Z").is_("breached", since="2026-03-02T12:00:00Z")


def test_an_answer_that_arrives_late_but_happened_in_time_takes_the_breach_back_openly(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("a", "2026-03-02T08:00:00Z"))
    story.at("2026-03-02T13:00:00Z").is_("breached")
    story.happens("b", "2026-03-02T11:00:00Z")
    story.at("2026-03-02T14:00:00Z").is_("met", since="2026-03-02T11:00:00Z")
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert [(str(row.verdict), row.known_at) for row in rows] == [
        ("breached", when("2026-03-02T13:00:00Z")),
        ("met", when("2026-03-02T14:00:00Z")),
    ]


def test_an_answer_before_its_start_is_met_from_the_start(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("b", "2026-03-02T07:00:00Z"), ("a", "2026-03-02T08:00:00Z"))
    judged = story.at("2026-03-02T09:00:00Z").is_("met", since="2026-03-02T08:00:00Z")
    assert judged.only.flags == ["answered_before_start"]


def test_a_cancellation_holds_from_the_cancelling_event(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("a", "2026-03-02T08:00:00Z"), ("x", "2026-03-02T09:00:00Z"))
    story.at("2026-03-02T10:00:00Z").is_("cancelled", since="2026-03-02T09:00:00Z", due="2026-03-02T12:00:00Z")


def test_a_cancellation_at_the_deadline_still_counts_and_one_after_the_answer_does_not(shared_store: Store) -> None:
    start = ("a", "2026-03-02T08:00:00Z")
    told(shared_store, WITHIN, start, ("x", "2026-03-02T12:00:00Z")).at("2026-03-03T00:00:00Z").is_("cancelled")
    answered = told(shared_store, WITHIN, start, ("b", "2026-03-02T09:00:00Z"), ("x", "2026-03-02T09:30:00Z"))
    answered.at("2026-03-03T00:00:00Z").is_("met")


def test_an_answer_during_a_pause_is_judged_by_the_time_used_up_to_it(shared_store: Store) -> None:
    sla = {**WITHIN, "pause": {"from": "p", "to": "r"}}
    events = [("a", "2026-03-02T08:00:00Z"), ("p", "2026-03-02T09:00:00Z"), ("b", "2026-03-04T09:00:00Z")]
    told(shared_store, sla, *events).at("2026-03-05T00:00:00Z").is_("met", due=None, since="2026-03-04T09:00:00Z")
    late = [("a", "2026-03-02T08:00:00Z"), ("p", "2026-03-02T12:30:00Z"), ("b", "2026-03-02T12:40:00Z")]
    told(shared_store, sla, *late).at("2026-03-05T00:00:00Z").is_("breached", due="2026-03-02T12:00:00Z")


def test_a_pause_after_the_answer_changes_nothing(shared_store: Store) -> None:
    sla = {**WITHIN, "pause": {"from": "p", "to": "r"}}
    events = [("a", "2026-03-02T08:00:00Z"), ("b", "2026-03-02T09:00:00Z"), ("p", "2026-03-02T10:00:00Z")]
    told(shared_store, sla, *events).at("2026-03-05T00:00:00Z").is_("met", due="2026-03-02T12:00:00Z")


def test_a_clock_that_starts_in_a_pause_runs_from_its_end(shared_store: Store) -> None:
    sla = {**WITHIN, "pause": {"from": "p", "to": "r"}}
    events = [("p", "2026-03-02T07:00:00Z"), ("a", "2026-03-02T08:00:00Z"), ("r", "2026-03-02T09:00:00Z")]
    told(shared_store, sla, *events).at("2026-03-02T10:00:00Z").is_("pending", due="2026-03-02T13:00:00Z")


def test_at_risk_is_kept_through_a_pause_that_began_after_it(shared_store: Store) -> None:
    sla = {**WITHIN, "pause": {"from": "p", "to": "r"}, "at_risk": "50%"}
    events = [("a", "2026-03-02T08:00:00Z"), ("p", "2026-03-02T11:00:00Z")]
    story = told(shared_store, sla, *events)
    story.at("2026-03-04T00:00:00Z").is_("at_risk", due=None, since="2026-03-02T10:00:00Z").because("paused")


def test_at_risk_by_time_left_counts_business_time(shared_store: Store) -> None:
    sla = {**WITHIN, "calendar": "berlin", "at_risk": "2h"}
    story = told(shared_store, sla, ("a", "2026-03-06T15:00:00Z"))
    story.at("2026-03-09T08:59:00Z").is_("pending")
    story.at("2026-03-09T09:00:00Z").is_("at_risk", since="2026-03-09T09:00:00Z", due="2026-03-09T11:00:00Z")


def test_a_promise_is_read_or_named(shared_store: Store) -> None:
    read = {
        "2026-03-04T18:00:00Z": "2026-03-04T18:00:00Z",
        "2026-03-04T18:00:00.123456-05:00": "2026-03-04T23:00:00.123456Z",
        "2026-03-04 18:00": "2026-03-04T17:00:00Z",  # without offset it is local
        " 2026-03-04 ": "2026-03-04T22:59:59.999999Z",
        "2026-03-29": "2026-03-29T21:59:59.999999Z",  # the short day in spring
        "2026-10-25": "2026-10-25T22:59:59.999999Z",  # the long day in autumn
        "2028-02-29": "2028-02-29T22:59:59.999999Z",
    }
    unreadable = ("", "soon", "2026-02-30", "2026-13-01", "04.03.2026", "2026-03-04T25:00:00Z", "9999-99-99", "12", "'")
    promises = [*read, *unreadable]
    story = Story(shared_store, {"from": "a", "to": "b", "by": {"attribute": "promise"}, "zone": "Europe/Berlin"})
    start = when("2026-03-02T08:00:00Z")
    story.tell(
        Happening("a", start, order=f"SO-{number}", attributes={"promise": each} if each else {})
        for number, each in enumerate(promises)
    )
    story.tick("2026-03-02T09:00:00Z")
    judged = {each: Judged(story.clocks(f"SO-{number}")) for number, each in enumerate(promises)}
    for each, due in read.items():
        judged[each].is_("pending", due=due)
    for each in unreadable:
        judged[each].is_("unknown").because("promise", each)
        assert judged[each].only.deadline_at is None


@pytest.mark.parametrize(
    ("zone", "promised"),
    [
        (
            "Europe/Berlin",
            {
                "2026-03-29T01:59:59": "2026-03-29T00:59:59Z",
                "2026-03-29T02:30": "2026-03-29T01:30:00Z",  # clocks skip it: 03:30
                "2026-03-29T03:00": "2026-03-29T01:00:00Z",
                "2026-10-25T02:30": "2026-10-25T00:30:00Z",  # they show it twice: the first of the two
                "2026-10-25T03:00": "2026-10-25T02:00:00Z",
                "2026-03-29T02:30+01:00": "2026-03-29T01:30:00Z",
            },
        ),
        (
            "America/New_York",
            {
                "2026-03-08T02:30:00.5": "2026-03-08T07:30:00.500000Z",
                "2026-11-01T01:30": "2026-11-01T05:30:00Z",
            },
        ),
    ],
)
def test_a_promised_time_around_a_change_of_clocks_is_that_of_calendars(
    shared_store: Store, zone: str, promised: dict[str, str]
) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "by": {"attribute": "promise"}, "zone": zone})
    start = when("2026-03-02T08:00:00Z")
    story.tell(Happening("a", start, order=each, attributes={"promise": each}) for each in promised)
    story.tick("2026-03-02T09:00:00Z")
    assert {each: story.clocks(each)[0].deadline_at for each in promised} == {k: when(v) for k, v in promised.items()}
    for text, due in promised.items():
        local = datetime.fromisoformat(text)
        assert local.tzinfo or local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) == when(due)


def test_an_unreadable_promise_stays_unknown_even_when_answered_and_is_counted(shared_store: Store) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "by": {"attribute": "promise"}})
    story.happens("a", "2026-03-02T08:00:00Z", attributes={"promise": "soon"})
    story.happens("b", "2026-03-02T09:00:00Z")
    story.at("2026-03-02T10:00:00Z").is_("unknown", since="2026-03-02T08:00:00Z").because('"soon"')
    (summary,) = story.reader.summaries(story.tenant, story.catalogs[-1].catalog, when("2026-03-02T10:00:00Z"))
    assert (summary.verdicts["unknown"], summary.attainment) == (1, None)


def test_a_deadline_is_exact_however_long_or_long_ago(shared_store: Store) -> None:
    cases = {
        "seconds": ({"within": "30s"}, "2026-03-02T08:00:00Z", "2026-03-02T08:00:30Z"),
        "more than a year": ({"within": "400d"}, "2026-03-02T08:00:00Z", "2027-04-06T08:00:00Z"),
        "seconds over a weekend": (
            {"within": "30s", "calendar": "berlin"},
            "2026-03-06T15:59:50Z",
            "2026-03-09T08:00:20Z",
        ),
        "over a leap day in working time": (
            {"within": "10h", "calendar": "berlin"},
            "2024-02-28T15:00:00Z",  # Wednesday 16:00: an hour, the leap day's eight, and one more
            "2024-03-01T09:00:00Z",
        ),
        "over a leap day": ({"within": "2d"}, "2024-02-28T15:00:00Z", "2024-03-01T15:00:00Z"),
        "years before the calendar was first needed": (
            {"within": "4h", "calendar": "berlin"},
            "2019-12-31T14:00:00Z",  # two hours; New Year is a holiday
            "2020-01-02T10:00:00Z",
        ),
    }
    slas = [{"id": f"p{n}", "from": "a", "to": "b", **sla} for n, (sla, _, _) in enumerate(cases.values())]
    story = Story(shared_store, *slas)
    story.happens("a", "2026-03-02T08:00:00Z", order="SO-recent")
    story.tick("2027-01-01T00:00:00Z")
    story.tell(Happening("a", when(start), order=name) for name, (_, start, _) in cases.items())
    story.tick("2028-01-01T00:00:00Z")
    for number, (name, (_, _, due)) in enumerate(cases.items()):
        judged = Judged([each for each in story.clocks(name) if each.sla == f"p{number}"]).is_("breached", due=due)
        assert judged.only.valid_from == when(due)


def test_a_step_has_its_own_promise_beside_that_of_the_whole(shared_store: Store) -> None:
    steps = [
        {"id": "1_whole", "from": "a", "to": "b", "within": "4h"},
        {"id": "2_first_step", "from": "a", "to": "p", "within": "1h"},
        {"id": "3_second_step", "from": "p", "to": "b", "within": "2h"},
    ]
    story = Story(shared_store, *steps)
    for milestone, at in (("a", "08:00"), ("p", "09:30"), ("b", "11:00")):
        story.happens(milestone, f"2026-03-02T{at}:00Z")
    story.at("2026-03-02T12:00:00Z").is_("met", "breached", "met")


def test_a_breach_by_absence_is_found_by_the_first_tick_after_the_deadline(shared_store: Store) -> None:
    story = told(shared_store, WITHIN, ("a", "2026-03-02T08:00:02Z"))
    for second in (0, 5, 10):
        story.tick(f"2026-03-02T12:00:{second:02}Z")
    (clock,) = story.clocks()
    assert (str(clock.verdict), clock.known_at) == ("breached", when("2026-03-02T12:00:05Z"))


def test_a_promise_at_risk_by_share_counts_the_time_from_start_to_promise(shared_store: Store) -> None:
    sla = {"from": "a", "to": "b", "by": {"attribute": "promise"}, "at_risk": "50%", "calendar": "berlin"}
    story = Story(shared_store, sla)
    story.happens("a", "2026-03-06T15:00:00Z", attributes={"promise": "2026-03-09T15:00:00Z"})  # 1 h and 7 h
    story.at("2026-03-09T10:59:00Z").is_("pending")
    story.at("2026-03-09T11:00:00Z").is_("at_risk", since="2026-03-09T11:00:00Z", due="2026-03-09T15:00:00Z")


def test_a_system_that_falls_silent_is_waited_for_then_named_then_believed(shared_store: Store) -> None:
    sla = {"from": "a", "to": "b", "within": "1h"}
    story = told(shared_store, sla, ("a", "2026-03-02T08:00:00Z"), systems=[WMS])
    story.happens("b", "2026-03-02T08:58:00Z", order="SO-2")
    story.at("2026-03-02T09:05:00Z").is_("at_risk", since="2026-03-02T09:00:00Z").because("wms", "08:58:00", "15m")
    story.at("2026-03-02T09:20:00Z").is_("unknown", since="2026-03-02T09:13:00Z").because("wms", "not known")
    story.happens("b", "2026-03-02T09:00:00Z", order="SO-3")  # at the deadline itself: has not passed it
    story.at("2026-03-02T09:21:00Z").is_("unknown", since="2026-03-02T09:15:00Z")
    story.happens("b", "2026-03-02T09:16:00Z", order="SO-4")
    story.at("2026-03-02T09:22:00Z").is_("breached", since="2026-03-02T09:00:00Z")


def test_a_report_that_arrives_late_makes_a_blind_system_waited_for_again(shared_store: Store) -> None:
    story = told(shared_store, {"from": "a", "to": "b", "within": "1h"}, ("a", "2026-03-02T08:00:00Z"), systems=[WMS])
    story.at("2026-03-02T09:05:00Z").is_("unknown", since="2026-03-02T09:00:00Z").because("never reported")
    story.happens("b", "2026-03-02T08:59:00Z", order="SO-2")
    story.at("2026-03-02T09:06:00Z").is_("at_risk", since="2026-03-02T09:00:00Z")


def test_the_answer_of_a_blind_system_resolves_the_verdict(shared_store: Store) -> None:
    story = told(shared_store, {"from": "a", "to": "b", "within": "1h"}, ("a", "2026-03-02T08:00:00Z"), systems=[WMS])
    story.at("2026-03-02T10:00:00Z").is_("unknown")
    story.happens("b", "2026-03-02T08:30:00Z")
    story.at("2026-03-02T11:00:00Z").is_("met")


def test_a_cadence_sleeps_with_its_systems_calendar(shared_store: Store) -> None:
    system = {**WMS, "calendar": "berlin"}
    story = told(
        shared_store, {"from": "a", "to": "b", "within": "1h"}, ("a", "2026-03-06T15:30:00Z"), systems=[system]
    )
    story.happens("b", "2026-03-06T15:55:00Z", order="SO-2")  # Friday 16:55 in Berlin: five minutes until the weekend
    story.at("2026-03-09T08:10:00Z").is_("at_risk")
    story.at("2026-03-09T08:10:00.000001Z").is_("unknown", since="2026-03-09T08:10:00Z")


def test_a_delivery_is_answered_by_its_own_end_only(shared_store: Store) -> None:
    story = Story(shared_store, {**WITHIN, "per": "delivery"})
    story.happens("a", "2026-03-02T08:00:00Z", keys={"delivery": "D1"})
    story.happens("a", "2026-03-02T08:00:00Z")  # carries no delivery: no clock
    story.happens("b", "2026-03-02T09:00:00Z", keys={"delivery": "D2"})
    assert story.at("2026-03-02T10:00:00Z").is_("pending").only.per == "D1"


def test_two_orders_of_one_delivery_have_a_clock_each(shared_store: Store) -> None:
    story = Story(shared_store, {**WITHIN, "per": "delivery"})
    for order in ("SO-1", "SO-2"):
        story.happens("a", "2026-03-02T08:00:00Z", order=order, keys={"delivery": "D1"})
    story.happens("b", "2026-03-02T09:00:00Z", order="SO-2", keys={"delivery": "D1"})
    story.at("2026-03-02T10:00:00Z").is_("pending")
    assert [str(clock.verdict) for clock in story.clocks("SO-2")] == ["met"]


def test_a_promise_for_never_is_pending_for_as_long_as_there_are_times(shared_store: Store) -> None:
    sla = {"from": "a", "to": "b", "by": {"attribute": "promise"}, "at_risk": "50%", "calendar": "berlin"}
    story = Story(shared_store, sla)
    far = ("9999-12-31", "2300-01-01T00:00:00Z")
    for text in far:
        story.happens("a", "2026-03-02T08:00:00Z", order=text, attributes={"promise": text})
    story.tick("2290-01-01T00:00:00Z")
    for text in far:
        Judged(story.clocks(text)).is_("pending", due="2299-12-31T23:59:59.999999Z")
        story.happens("b", "2026-03-03T08:00:00Z", order=text)
    story.tick("2290-01-02T00:00:00Z")
    for text in far:
        Judged(story.clocks(text)).is_("met")


def test_a_clock_whose_start_no_longer_counts_is_cancelled_and_says_so(shared_store: Store) -> None:
    story = Story(shared_store, {**WITHIN, "where": {"attributes": {"class": "gold"}}})
    story.happens("a", "2026-03-02T08:00:00Z", attributes={"class": "gold"})
    story.at("2026-03-02T13:00:00Z").is_("breached")
    story.happens("a", "2026-03-02T07:00:00Z", attributes={"class": "tin"})  # the first start is another one now
    judged = story.at("2026-03-02T14:00:00Z").is_("cancelled", since="2026-03-02T08:00:00Z")
    judged.because("corrected")
    story.happens("a", "2026-03-02T06:00:00Z", attributes={"class": "gold"})
    story.at("2026-03-02T15:00:00Z").is_("breached", due="2026-03-02T10:00:00Z")
