"""Judging the past again: on request only, beside the ledger, append-only, and nobody is alerted."""

from __future__ import annotations

from typing import Any

import pytest

from model import BadRequest, NotFound, Refused, cursor_of
from sla_engine import Rejudged, RejudgedReader, RejudgeProgress, Rejudging, rejudge
from store import Store
from tests.sla_engine.story import SLA, Happening, Story, when

FOUR: dict[str, Any] = {"from": "a", "to": "b", "within": "4h"}
TWO: dict[str, Any] = {**FOUR, "within": "2h"}
NOW = when("2026-03-10T00:00:00Z")


def tightened(store: Store, changed: dict[str, Any] = TWO) -> Story:
    """Answered after 1, 3 and 5 hours under four hours; then the promise is another one, and one more order comes."""
    story = Story(store, FOUR)
    story.tell(
        Happening(milestone, when(f"2026-03-0{day}T{hour:02}:00:00Z"), order=order)
        for order, day, took in (("SO-1", 2, 1), ("SO-3", 3, 3), ("SO-5", 4, 5))
        for milestone, hour in (("a", 8), ("b", 8 + took))
    )
    story.tick("2026-03-05T00:00:00Z")
    story.changes_to("2026-03-05T12:00:00Z", changed)
    story.happens("a", "2026-03-06T08:00:00Z", order="SO-new")
    story.tick("2026-03-06T20:00:00Z")
    return story


def again(story: Story, since: str | None = None, until: str | None = None) -> Rejudging:
    """Judge the past again and give the outcome; before it there is progress."""
    *steps, last = rejudge(
        story.store,
        story.tenant,
        story.catalogs,
        SLA,
        since=when(since) if since else None,
        until=when(until) if until else None,
        actor="ana",
        at=NOW,
    )
    assert isinstance(last, Rejudging)
    assert steps
    assert all(isinstance(step, RejudgeProgress) and step.clocks_done <= step.clocks_total for step in steps)
    return last


def rows(story: Story, found: Rejudging, **more: Any) -> dict[str, Rejudged]:
    page, _ = RejudgedReader(story.store).page(story.tenant, SLA, found.id, **more)
    return {row.key: row for row in page}


def ledger(story: Story) -> list[Any]:
    return story.reader.appended_after(story.tenant, 0)


def test_clocks_of_the_earlier_version_are_judged_by_the_present_one_and_both_are_shown(shared_store: Store) -> None:
    story = tightened(shared_store)
    before = ledger(story), story.clocks("SO-3")
    found = again(story)
    assert (found.clocks, found.actor, found.as_of) == (3, "ana", when("2026-03-06T20:00:00Z"))
    assert [(str(each.old), str(each.new), each.clocks, each.examples) for each in found.changes] == [
        ("breached", "breached", 1, ("SO-5",)),
        ("met", "breached", 1, ("SO-3",)),
        ("met", "met", 1, ("SO-1",)),
    ]
    judged = rows(story, found)
    assert list(judged) == ["SO-1", "SO-3", "SO-5"]  # SO-new was judged by the present one already
    old, new = judged["SO-3"].old, judged["SO-3"].new
    assert old is not None
    assert (str(old.verdict), old.deadline_at) == ("met", when("2026-03-03T12:00:00Z"))
    assert (str(new.verdict), new.deadline_at) == ("breached", when("2026-03-03T10:00:00Z"))
    assert "1 hour after it was due" in new.reason
    assert old.definition != new.definition == found.definition
    assert (ledger(story), story.clocks("SO-3")) == before


def test_what_was_judged_again_is_never_news_to_whoever_follows_the_ledger(shared_store: Store) -> None:
    story = tightened(shared_store)
    last = ledger(story)[-1].seq
    again(story)
    story.tick("2026-03-09T00:00:00Z")
    assert story.reader.appended_after(story.tenant, last) == []


def test_only_clocks_that_started_in_the_time_asked_for(shared_store: Store) -> None:
    story = tightened(shared_store)
    found = again(story, "2026-03-03T08:00:00Z", "2026-03-04T08:00:00Z")
    assert list(rows(story, found)) == ["SO-3"]
    assert again(story, "2026-03-03T08:00:00.000001Z", "2026-03-04T08:00:00Z").clocks == 0


def test_clocks_that_only_one_of_the_versions_opens(shared_store: Store) -> None:
    story = Story(shared_store, {**FOUR, "where": {"attributes": {"class": "gold"}}})
    for name in ("gold", "tin"):
        story.happens("a", "2026-03-02T08:00:00Z", order=f"SO-{name}", attributes={"class": name})
    story.tick("2026-03-03T00:00:00Z")
    story.changes_to("2026-03-03T00:00:00Z", {**FOUR, "where": {"attributes": {"class": "tin"}}})
    story.tick("2026-03-04T00:00:00Z")
    judged = rows(story, again(story))
    assert judged["SO-tin"].old is None
    assert str(judged["SO-tin"].new.verdict) == "breached"
    assert str(judged["SO-gold"].new.verdict) == "cancelled"
    assert "no such clock" in judged["SO-gold"].new.reason


def test_each_time_is_kept_and_the_last_is_the_one_shown_with_the_instance(shared_store: Store) -> None:
    story = tightened(shared_store)
    first = again(story)
    story.changes_to("2026-03-07T00:00:00Z", {**FOUR, "within": "30m"})
    story.tick("2026-03-07T01:00:00Z")
    *_, second = rejudge(
        story.store,
        story.tenant,
        story.catalogs,
        SLA,
        since=None,
        until=None,
        actor="bob",
        at=when("2026-03-11T00:00:00Z"),
    )
    assert isinstance(second, Rejudging)
    reader = RejudgedReader(shared_store)
    kept, end = reader.rejudgings(story.tenant, SLA)
    assert [(each.id, each.actor, each.clocks) for each in kept] == [(second.id, "bob", 4), (first.id, "ana", 3)]
    assert end is None
    newest, cursor = reader.rejudgings(story.tenant, SLA, limit=1)
    assert [newest, reader.rejudgings(story.tenant, SLA, cursor=cursor)] == [kept[:1], (kept[1:], None)]
    assert [reader.rejudging(story.tenant, SLA, each) for each in (None, first.id, "none")] == [*kept, None]
    assert str(rows(story, first)["SO-1"].new.verdict) == "met"
    (shown,) = reader.of_instances(story.tenant, "orders", ["SO-1"]).values()
    assert (shown.rejudging, str(shown.new.verdict)) == (second.id, "breached")
    log = "SELECT actor FROM audit_log WHERE tenant = {tenant:String} AND action = 'sla.rejudged' ORDER BY at"
    assert [row["actor"] for row in shared_store.rows(log, {"tenant": story.tenant})] == ["ana", "bob"]
    assert reader.of_instances("nobody", "orders", ["SO-1"]) == {}


def test_pages_hold_every_row_once(shared_store: Store) -> None:
    story = tightened(shared_store)
    found = again(story)
    reader, seen, cursor = RejudgedReader(shared_store), [], None
    while True:
        page, cursor = reader.page(story.tenant, SLA, found.id, limit=1, cursor=cursor)
        seen += [row.key for row in page]
        if cursor is None:
            break
    assert seen == ["SO-1", "SO-3", "SO-5"]
    assert list(rows(story, found, only_changed=True)) == ["SO-3"]
    with pytest.raises(BadRequest):
        reader.page(story.tenant, SLA, found.id, cursor="§")
    with pytest.raises(BadRequest):
        reader.page(story.tenant, SLA, found.id, cursor=cursor_of(("rejudged", SLA, found.id), [1 << 63, "a"]))


def test_what_cannot_be_judged_again_is_refused(shared_store: Store) -> None:
    story = Story(shared_store, FOUR)
    story.happens("a", "2026-03-02T08:00:00Z")

    def asked(sla: str = SLA, **more: Any) -> None:
        bounds = {"since": None, "until": None, **more}
        list(rejudge(story.store, story.tenant, story.catalogs, sla, actor="ana", at=NOW, **bounds))

    with pytest.raises(Refused, match="always meant"):
        asked()
    with pytest.raises(NotFound):
        asked("other")
    story.changes_to("2026-03-05T12:00:00Z", TWO)
    with pytest.raises(Refused, match="Nothing was judged"):
        asked()
    with pytest.raises(Refused, match="ends before"):
        asked(since=NOW, until=NOW)


def test_it_needs_no_database_of_its_own_afterwards(shared_store: Store) -> None:
    again(tightened(shared_store))
    assert shared_store.value("SELECT count() FROM system.databases WHERE name LIKE '%trial%'") == 0
