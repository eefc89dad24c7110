"""Excuses: who and why, from the next tick on, and never for a promise that was kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from model import BadRequest, NotFound, Refused
from sla_engine import Excuses
from store import Store
from tests.sla_engine.story import SLA, Happening, Story, when

WITHIN = {"from": "a", "to": "b", "within": "4h"}


def broken(store: Store) -> Story:
    story = Story(store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.at("2026-03-02T13:00:00Z").is_("breached")
    return story


def test_an_excused_breach_says_who_and_why_and_the_ledger_keeps_both(shared_store: Store) -> None:
    story = broken(shared_store)
    (clock,) = story.clocks()
    Excuses(shared_store).excuse_clock(
        story.tenant, clock.clock, actor="ana", reason="Carrier\n strike", at=when("2026-03-02T14:00:00Z")
    )
    story.at("2026-03-02T13:59:59Z").is_("breached")
    judged = story.at("2026-03-02T14:05:00Z").is_("excused", since="2026-03-02T14:00:00Z")
    judged.because("ana", "Carrier strike", "12:00:00")
    rows, _ = story.reader.ledger(story.tenant, SLA)
    assert [str(row.verdict) for row in rows] == ["breached", "excused"]
    story.happens("b", "2026-03-02T15:00:00Z")
    story.at("2026-03-02T15:30:00Z").is_("excused", since="2026-03-02T14:00:00Z")


def test_an_answer_in_time_that_arrives_after_the_excuse_is_met(shared_store: Store) -> None:
    story = broken(shared_store)
    (clock,) = story.clocks()
    Excuses(shared_store).excuse_clock(
        story.tenant, clock.clock, actor="ana", reason="strike", at=when("2026-03-02T14:00:00Z")
    )
    story.at("2026-03-02T14:30:00Z").is_("excused")
    story.happens("b", "2026-03-02T11:00:00Z")
    story.at("2026-03-02T15:00:00Z").is_("met")


def test_an_excuse_that_reaches_the_store_after_a_later_tick_is_still_found(shared_store: Store) -> None:
    story = broken(shared_store)
    (clock,) = story.clocks()
    Excuses(shared_store).excuse_clock(
        story.tenant, clock.clock, actor="ana", reason="strike", at=when("2026-03-02T12:59:58Z")
    )
    story.at("2026-03-02T13:00:05Z").is_("excused", since="2026-03-02T12:59:58Z")


def test_a_window_excuses_what_is_due_in_it_before_and_after_it_was_declared(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    for order, hour in (("SO-early", "06"), ("SO-1", "08"), ("SO-open", "11")):
        story.tell([Happening("a", when(f"2026-03-02T{hour}:00:00Z"), order=order)])
    story.at("2026-03-02T13:00:00Z").is_("breached")
    Excuses(shared_store).excuse_window(
        story.tenant,
        SLA,
        from_at=when("2026-03-02T12:00:00Z"),
        to_at=when("2026-03-02T18:00:00Z"),
        actor="ops",
        reason="ERP upgrade",
        at=when("2026-03-02T13:30:00Z"),
    )
    story.tick("2026-03-02T13:31:00Z")
    story.tell([Happening("a", when("2026-03-02T13:40:00Z"), order="SO-new")])
    story.tick("2026-03-02T19:00:00Z")
    found = {order: str(story.clocks(order)[0].verdict) for order in ("SO-early", "SO-1", "SO-open", "SO-new")}
    assert found == {"SO-early": "breached", "SO-1": "excused", "SO-open": "excused", "SO-new": "excused"}


def test_what_needs_no_excuse_gets_none(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.happens("b", "2026-03-02T09:00:00Z")
    (clock,) = story.at("2026-03-02T10:00:00Z").clocks
    excuses = Excuses(shared_store)
    at = when("2026-03-02T11:00:00Z")
    with pytest.raises(Refused, match="is met"):
        excuses.excuse_clock(story.tenant, clock.clock, actor="ana", reason="x", at=at)
    with pytest.raises(NotFound):
        excuses.excuse_clock(story.tenant, "none", actor="ana", reason="x", at=at)
    with pytest.raises(BadRequest, match="reason"):
        excuses.excuse_clock(story.tenant, clock.clock, actor="ana", reason=" \n", at=at)


def test_a_window_needs_a_reason_and_an_end_after_its_beginning(shared_store: Store) -> None:
    story, at = Story(shared_store, WITHIN), when("2026-03-02T11:00:00Z")
    excuses = Excuses(shared_store)
    for reason, to_at, words in (
        ("", "2026-03-02T12:00:00Z", "reason"),
        ("strike", "2026-03-02T11:00:00Z", "ends before"),
    ):
        with pytest.raises(BadRequest, match=words):
            excuses.excuse_window(story.tenant, SLA, from_at=at, to_at=when(to_at), actor="ana", reason=reason, at=at)
    assert excuses.excuses(story.tenant, SLA) == ([], None)


def test_every_excuse_is_on_one_page_though_others_are_made_meanwhile(shared_store: Store) -> None:
    story, at = Story(shared_store, WITHIN), when("2026-03-02T11:00:00Z")
    excuses = Excuses(shared_store)

    def excuse(reason: str, minutes: int) -> None:
        made, until = at + timedelta(minutes=minutes), at + timedelta(days=1)
        excuses.excuse_window(story.tenant, SLA, from_at=at, to_at=until, actor="ana", reason=reason, at=made)

    for number, minutes in enumerate((0, 1, 1, 1, 2)):
        excuse(f"{number}", minutes)
    page, cursor = excuses.excuses(story.tenant, SLA, limit=2)
    told = [each.reason for each in page]
    excuse("new", 3)
    while cursor is not None:
        page, cursor = excuses.excuses(story.tenant, SLA, limit=2, cursor=cursor)
        told += [each.reason for each in page]
    assert (told[0], sorted(told[1:4]), told[4:]) == ("4", ["1", "2", "3"], ["0"])
