"""Rebuilds: what they put right is in the ledger, as corrections of which nobody is told; what is news stays news."""

from __future__ import annotations

from typing import Any

from correlator import Correlator, request_rebuild
from model import ManualClock
from sla_engine import VerdictReader
from sla_engine.trial import judge, trial
from store import Store
from tests.sla_engine.received import RECEIVED
from tests.sla_engine.story import Applied, Happening, Story, catalog, when

WITHIN: dict[str, Any] = {"from": "a", "to": "b", "within": "1h"}
POSTED = [
    {"id": "a", "match": {"event": "test.a"}, "repeatable": True},
    {"id": "b", "match": {"event": "test.b", "attributes": {"status": "posted"}}, "repeatable": True},
]
"""By this definition an answer counts only where it is posted."""


def redefined(story: Story, at: str, *slas: dict[str, Any]) -> None:
    """The workflow's definition changes."""
    story.catalogs.append(Applied(catalog(*(slas or (WITHIN,)), workflow={"milestones": POSTED}), when(at)))


def rebuilt(story: Story, begun: str, *later: Happening, slas: tuple[dict[str, Any], ...] = ()) -> None:
    """The definition changes, unless it has; the rows are made anew, with events that came meanwhile."""
    if len(story.catalogs) == 1:
        redefined(story, begun, *slas)
    changed = story.catalogs[-1].catalog
    request_rebuild(story.store, story.tenant, changed.workflow("orders"), when(begun))
    if later:
        story.tell(later)
    correlator = Correlator(story.store, ManualClock(RECEIVED.replace(year=2028)))
    while correlator.tick(story.tenant, changed).segments:
        pass


def told(story: Story, after: int) -> dict[str, tuple[str, bool]]:
    """By order, the last verdict appended behind a place, and whether it is a correction."""
    rows = story.reader.appended_after(story.tenant, after)
    return {row.key: (str(row.verdict), row.of_rebuild) for row in rows}


def test_what_a_rebuild_says_of_the_time_before_it_is_a_correction_and_the_rest_is_news(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.tell(
        [
            *(Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{n}") for n in (1, 2)),
            Happening("b", when("2026-03-02T08:30:00Z"), order="SO-1"),
            Happening("b", when("2026-03-02T08:30:00Z"), order="SO-2", attributes={"status": "posted"}),
            Happening("a", when("2026-03-02T09:30:00Z"), order="SO-3"),
        ]
    )
    story.tick("2026-03-02T10:00:00Z")
    before = max(row.seq for row in story.reader.appended_after(story.tenant, 0))
    assert set(told(story, 0).values()) == {("met", False), ("pending", False)}
    rebuilt(story, "2026-03-02T10:15:00Z", Happening("a", when("2026-03-02T10:20:00Z"), order="SO-4"))
    story.tick("2026-03-02T12:00:00Z")
    assert told(story, before) == {
        "SO-1": ("breached", True),  # its answer was not posted
        "SO-3": ("breached", False),  # time has passed
        "SO-4": ("breached", False),  # its order came while the rows were made anew
    }
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert [row.of_rebuild for row in rows if row.key == "SO-1"] == [False, True]


def test_what_another_event_has_changed_beside_a_rebuild_is_news(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.happens("b", "2026-03-02T08:30:00Z")
    story.tick("2026-03-02T10:00:00Z")
    before = max(row.seq for row in story.reader.appended_after(story.tenant, 0))
    rebuilt(story, "2026-03-02T10:15:00Z")
    story.happens("b", "2026-03-02T09:30:00Z", attributes={"status": "posted"})
    story.tick("2026-03-02T12:00:00Z")
    assert told(story, before) == {"SO-1": ("breached", False)}


def test_an_engine_that_begins_after_a_rebuild_has_nothing_to_correct(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    rebuilt(story, "2026-03-02T10:15:00Z")
    story.tick("2026-03-02T12:00:00Z")
    assert told(story, 0) == {"SO-1": ("breached", False)}


def test_a_promise_rests_while_the_rows_of_its_workflow_are_made_anew(shared_store: Store) -> None:
    """An answer that has come is not in rows that stand still."""
    story = Story(shared_store, WITHIN)
    story.tell([Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{n}") for n in (1, 2)])
    story.tick("2026-03-02T08:10:00Z")
    before = max(row.seq for row in story.reader.appended_after(story.tenant, 0))
    redefined(story, "2026-03-02T08:15:00Z")
    assert story.tick("2026-03-02T09:03:00Z").judged == 0
    story.restart()
    assert story.tick("2026-03-02T09:04:00Z").judged == 0
    assert told(story, before) == {}
    answer = Happening("b", when("2026-03-02T08:30:00Z"), attributes={"status": "posted"})
    rebuilt(story, "2026-03-02T09:05:00Z", answer)
    story.tick("2026-03-02T10:00:00Z")
    assert told(story, before) == {
        "SO-1": ("met", False),
        "SO-2": ("breached", False),  # before the rebuild began, but nobody has been told
    }
    story.tick("2026-03-02T10:01:00Z")
    assert len(list(story.reader.appended_after(story.tenant, before))) == 2


def test_an_excuse_for_a_promise_that_rests_counts_when_it_is_judged(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    [clock] = story.at("2026-03-02T08:10:00Z").is_("pending").clocks
    redefined(story, "2026-03-02T08:15:00Z")
    excuse = ("tenant", "sla", "clock", "actor", "reason", "excused_at")
    row = (story.tenant, "promise", clock.clock, "ana", "The carrier's strike.", when("2026-03-02T09:02:00Z"))
    story.store.insert("excuses", excuse, [row])
    story.at("2026-03-02T09:03:00Z").is_("pending")
    rebuilt(story, "2026-03-02T09:05:00Z", Happening("a", when("2026-03-02T09:04:00Z"), order="SO-2"))
    story.at("2026-03-02T09:10:00Z").is_("excused")


def test_a_proposed_definition_is_tried_on_the_rows_there_are(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    proposed = catalog(WITHIN, workflow={"milestones": POSTED})
    with trial(story.store) as apart:
        judge(apart, story.tenant, proposed, {"promise"}, when("2026-03-02T10:00:00Z"))
        [clock] = VerdictReader(apart).instance_clocks(story.tenant, "orders", "SO-1")
    assert str(clock.verdict) == "breached"


def test_a_feed_has_said_what_the_new_definition_says(shared_store: Store) -> None:
    hourly: dict[str, Any] = {"every": "1h", "milestone": "b"}
    story = Story(shared_store, hourly)
    posted = {"status": "posted"}
    story.tell(
        [
            Happening("b", when("2026-03-02T08:00:00Z"), order="SO-1", attributes=posted),
            Happening("b", when("2026-03-02T08:50:00Z"), order="SO-2"),
            Happening("b", when("2026-03-02T09:40:00Z"), order="SO-3", attributes=posted),
        ]
    )
    story.tick("2026-03-02T10:00:00Z")
    assert story.clocks("b") == []
    rebuilt(story, "2026-03-02T10:01:00Z", Happening("b", when("2026-03-02T10:02:00Z"), order="SO-4"), slas=(hourly,))
    story.tick("2026-03-02T10:03:00Z")
    [clock] = story.clocks("b")
    assert (str(clock.verdict), clock.deadline_at) == ("breached", when("2026-03-02T09:00:00Z"))


def test_promises_stay_as_they_were_judged_where_their_milestone_has_another_name(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    told_of = (("a", "08:00", "SO-1"), ("a", "09:00", "SO-2"), ("b", "08:30", "SO-1"))
    story.tell(Happening(each, when(f"2026-03-02T{at}:00Z"), order=order) for each, at, order in told_of)
    story.tick("2026-03-02T09:10:00Z")
    before = max(row.seq for row in story.reader.appended_after(story.tenant, 0))
    renamed = [POSTED[0], {"id": "answered", "match": {"event": "test.b"}, "repeatable": True}]
    changed = catalog({**WITHIN, "to": "answered", "within": "10m"}, workflow={"milestones": renamed})
    story.catalogs.append(Applied(changed, when("2026-03-02T09:20:00Z")))
    rebuilt(story, "2026-03-02T09:20:00Z", Happening("b", when("2026-03-02T09:40:00Z"), order="SO-2"))
    story.tick("2026-03-02T11:00:00Z")
    assert told(story, before) == {"SO-2": ("met", False)}
