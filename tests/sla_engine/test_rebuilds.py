"""Rebuilds: what they put right is in the ledger, as corrections of which nobody is told; what is news stays news."""

from __future__ import annotations

from typing import Any

from correlator import Correlator, request_rebuild
from model import ManualClock
from store import Store
from tests.sla_engine.received import RECEIVED
from tests.sla_engine.story import Applied, Happening, Story, catalog, when

WITHIN: dict[str, Any] = {"from": "a", "to": "b", "within": "1h"}
POSTED = [
    {"id": "a", "match": {"event": "test.a"}, "repeatable": True},
    {"id": "b", "match": {"event": "test.b", "attributes": {"status": "posted"}}, "repeatable": True},
]
"""By this definition an answer counts only where it is posted."""


def rebuilt(story: Story, begun: str, *later: Happening) -> None:
    """The workflow's definition changes; its rows are made anew, with events that came meanwhile."""
    changed = catalog(WITHIN, workflow={"milestones": POSTED})
    story.catalogs.append(Applied(changed, when(begun)))
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
