"""Versions: a changed SLA judges what starts from then on, the first one judges all history, a removed one nothing."""

from __future__ import annotations

from typing import Any

from model import Catalog, Feed
from sla_engine.versions import fingerprints, sla_versions
from store import Store
from tests.sla_engine.story import Applied, Happening, Story, catalog, when

FOUR = {"from": "a", "to": "b", "within": "4h"}
TWO = {"from": "a", "to": "b", "within": "2h"}


def test_another_title_or_severity_makes_no_new_version() -> None:
    history = [
        Applied(catalog(FOUR), when("2026-01-01T00:00:00Z")),
        Applied(catalog({**FOUR, "title": "Quick", "severity": "high"}), when("2026-02-01T00:00:00Z")),
        Applied(catalog(TWO), when("2026-03-01T00:00:00Z")),
    ]
    first, second = sla_versions(history)
    assert first.sla.severity == "high"
    assert first.effective_to == second.effective_from == when("2026-03-01T00:00:00Z")
    assert first.effective_from < when("1901-01-01T00:00:00Z")


def named(*names: str) -> dict[str, Any]:
    """A workflow whose milestones have these names."""
    return {"milestones": [{"id": name, "match": {"event": f"test.{name}"}, "repeatable": True} for name in names]}


def test_an_earlier_version_is_about_milestones_by_the_names_they_have_now() -> None:
    paused = {**FOUR, "pause": {"from": "p", "to": "r"}, "where": {"amount": {"gte": 5}}}
    history = [
        Applied(catalog(paused, workflow=named("a", "b", "p", "r")), when("2026-01-01T00:00:00Z")),
        Applied(catalog(FOUR, workflow=named("a", "b", "z")), when("2026-02-01T00:00:00Z")),
        Applied(catalog({**TWO, "from": "c", "to": "d"}, workflow=named("c", "d", "b")), when("2026-03-01T00:00:00Z")),
    ]
    first, second, third = sla_versions(history)
    assert [(each.sla.from_milestone, each.sla.to_milestone) for each in (first, second, third)] == [
        ("c", "b"),
        ("c", "b"),
        ("c", "d"),
    ]
    assert (first.sla.within, first.sla.pause, first.sla.where) == (second.sla.within, None, first.sla.where)
    assert {each.workflow.hash for each in (first, second, third)} == {third.workflow.hash}
    assert first.sla.hash != second.sla.hash


def test_a_feed_of_a_system_is_heard_by_the_names_its_milestones_have_now() -> None:
    hourly = {"every": "1h", "system": "wms"}

    def of(name: str) -> Catalog:
        return catalog(hourly, workflow={"milestones": [{"id": name, "system": "wms", "match": {"event": "test.b"}}]})

    history = [Applied(of("b"), when("2026-01-01T00:00:00Z")), Applied(of("c"), when("2026-03-01T00:00:00Z"))]
    assert {each.sla.feed for each in sla_versions(history)} == {Feed("wms", ("c",))}


def test_what_verdicts_depend_on_changes_the_fingerprint() -> None:
    def of(*systems: dict[str, str]) -> dict[str, str]:
        return fingerprints(sla_versions([Applied(catalog(FOUR, systems=systems), when("2026-01-01T00:00:00Z"))]))

    assert of() == of({"id": "wms", "title": "Warehouse"})
    assert of() != of({"id": "wms", "cadence": "15m"}) != of({"id": "wms", "cadence": "20m"})


def test_no_catalog_has_no_versions() -> None:
    assert sla_versions([]) == ()


def test_a_changed_promise_judges_what_starts_from_then_on(shared_store: Store) -> None:
    story = Story(shared_store, FOUR)
    story.happens("a", "2026-03-02T08:00:00Z", order="SO-old")
    story.tick("2026-03-02T09:00:00Z")
    story.changes_to("2026-03-02T09:30:00Z", TWO)
    story.happens("a", "2026-03-02T09:29:59Z", order="SO-before")
    story.happens("a", "2026-03-02T09:30:00Z", order="SO-new")
    story.tick("2026-03-02T11:35:00Z")
    for order, due, verdict in (
        ("SO-old", "2026-03-02T12:00:00Z", "pending"),
        ("SO-before", "2026-03-02T13:29:59Z", "pending"),
        ("SO-new", "2026-03-02T11:30:00Z", "breached"),
    ):
        (clock,) = story.clocks(order)
        assert (clock.deadline_at, str(clock.verdict)) == (when(due), verdict)
    story.tick("2026-03-02T14:00:00Z")
    assert {str(clock.verdict) for order in ("SO-old", "SO-before") for clock in story.clocks(order)} == {"breached"}
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert len({row.definition for row in rows}) == 2


def test_a_new_promise_judges_all_history(shared_store: Store) -> None:
    story = Story(shared_store, FOUR)
    story.tell([Happening("a", when("2026-03-01T08:00:00Z"))])
    story.tick("2026-03-02T09:00:00Z")
    story.changes_to("2026-03-02T10:00:00Z", FOUR, {**TWO, "id": "second"})
    story.at("2026-03-02T11:00:00Z").is_("breached", "breached")


def test_a_removed_promise_is_no_longer_judged_and_catches_up_when_it_returns(shared_store: Store) -> None:
    other = {**FOUR, "id": "other"}
    story = Story(shared_store, FOUR, other)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.tick("2026-03-02T09:00:00Z")
    story.changes_to("2026-03-02T10:00:00Z", other)
    story.at("2026-03-02T13:00:00Z").is_("breached", "pending")
    story.changes_to("2026-03-02T14:00:00Z", FOUR, other)
    story.at("2026-03-02T15:00:00Z").is_("breached", "breached")
