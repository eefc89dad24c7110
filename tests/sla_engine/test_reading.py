"""Reading verdicts: pages of the ledger, two questions about any instant, counts and objectives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from model import BadRequest, cursor_of
from store import Store
from tests.sla_engine.story import Happening, Story, when

SLA = {"from": "a", "to": "b", "within": "1h"}
DAY = when("2026-03-02T00:00:00Z")


@pytest.fixture(scope="module")
def story(shared_store: Store) -> Story:
    """Ten orders a day, an hour apart from 00:00; the last two of a day are not answered in time; and one with two."""
    sla = {**SLA, "objective": {"target": "90%", "window": "2d", "minimum": 5}}
    each = {**SLA, "id": "each", "occurrence": "each"}
    few = {**SLA, "id": "few", "objective": {"target": "90%", "window": "1h", "minimum": 5}}
    story = Story(shared_store, sla, each, few)
    for day in range(3):
        starts = {f"SO-{day}{n}": DAY + timedelta(days=day, hours=n) for n in range(10)}
        answered = list(starts.items())[:8]
        story.tell(
            [
                *(Happening("a", at, order=order) for order, at in starts.items()),
                *(Happening("b", at + timedelta(minutes=30), order=order) for order, at in answered),
            ]
        )
        story.tick(DAY + timedelta(days=day, hours=9, minutes=30))
    story.tell([Happening("a", DAY + timedelta(days=2, hours=23), order="SO-20")])
    story.tick("2026-03-04T23:30:00Z")
    return story


def test_pages_hold_every_row_once_in_order(story: Story) -> None:
    rows, cursor = story.reader.ledger(story.tenant, "promise", limit=7)
    while cursor:
        page, cursor = story.reader.ledger(story.tenant, "promise", limit=7, cursor=cursor)
        rows += page
    assert rows == story.reader.ledger(story.tenant, "promise", limit=1000)[0]
    assert [row.known_at for row in rows] == sorted(row.known_at for row in rows)
    assert len({row.seq for row in rows}) == len(rows) == 24 + 6 + 3  # the last of a day is pending first


@pytest.mark.parametrize(
    "cursor",
    ["x", "-1", "1 OR 1", cursor_of(("ledger", "promise"), [1 << 63]), cursor_of(("ledger", "other"), [1]), "²"],
)
def test_a_cursor_of_somebody_else_is_refused(story: Story, cursor: str) -> None:
    with pytest.raises(BadRequest):
        story.reader.ledger(story.tenant, "promise", cursor=cursor)


def test_what_was_known_then_and_what_is_known_now_about_then(story: Story) -> None:
    then = when("2026-03-02T09:45:00Z")
    known, _ = story.reader.ledger(story.tenant, "promise", known_at=then, limit=1000)
    assert {(row.key, str(row.verdict)) for row in known if row.key in {"SO-08", "SO-09"}} == {
        ("SO-08", "breached"),
        ("SO-09", "pending"),
    }
    valid, _ = story.reader.ledger(story.tenant, "promise", as_of=when("2026-03-02T10:30:00Z"), limit=1000)
    assert {(row.key, str(row.verdict)) for row in valid if row.key in {"SO-08", "SO-09"}} == {
        ("SO-08", "breached"),
        ("SO-09", "breached"),
    }
    pending, _ = story.reader.ledger(story.tenant, "promise", known_at=then, verdict=["pending"])
    assert [row.key for row in pending] == ["SO-09"]
    still, _ = story.reader.ledger(story.tenant, "promise", known_at=DAY + timedelta(days=9), verdict=["pending"])
    assert still == []


def test_counts_are_of_clocks_and_of_distinct_instances(story: Story) -> None:
    counts = story.reader.sla_counts(story.tenant)
    assert (counts["promise"].verdicts["met"], counts["promise"].verdicts["breached"]) == (24, 6)
    assert (counts["each"].verdicts["met"], counts["each"].verdicts["pending"]) == (24, 1)
    assert counts["each"].instances["pending"] == 1
    assert sum(counts["each"].verdicts.values()) == 31
    assert counts["promise"].verdicts["excused"] == 0


def test_attainment_budget_and_burn_are_those_of_the_window(story: Story) -> None:
    now = when("2026-03-04T23:30:00Z")
    promise, each, few = story.reader.summaries(story.tenant, story.catalogs[-1].catalog, now)
    assert promise.attainment == pytest.approx(16 / 20)  # two days of 8 met and 2 breached
    assert promise.budget == pytest.approx(1 - 0.2 / 0.1)
    assert promise.burn == {"1h": None, "6h": None, "3d": pytest.approx(6 / 30 / 0.1)}
    assert each.attainment == pytest.approx(24 / 30)  # all time without an objective
    assert (each.budget, each.burn) == (None, {"1h": None, "6h": None, "3d": None})
    assert (few.attainment, few.budget) == (None, None)  # too few


def test_an_sla_without_clocks_stands_at_zero(story: Story) -> None:
    (summary,) = story.reader.summaries("nobody", story.catalogs[-1].catalog, DAY)[:1]
    assert (summary.id, summary.workflow, summary.attainment, summary.verdicts["met"]) == ("promise", "orders", None, 0)


def test_instances_are_found_by_verdict(story: Story) -> None:
    def keys(slas: list[str], verdicts: list[str]) -> set[str]:
        rows = story.store.rows(story.reader.keys_with_verdict(story.tenant, "orders", slas, verdicts))
        return {row["key"] for row in rows}

    assert keys(["promise"], ["breached"]) == {f"SO-{day}{n}" for day in range(3) for n in (8, 9)}
    assert keys([], ["pending"]) == {"SO-20"}
    assert len(keys(["each"], [])) == 30


def test_the_feed_gives_what_was_appended_behind_a_place(story: Story) -> None:
    rows = story.reader.appended_after(story.tenant, 0)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert story.reader.appended_after(story.tenant, rows[9].seq, limit=3) == rows[10:13]
    assert story.reader.appended_after(story.tenant, rows[-1].seq) == []


def test_the_latest_breaches_come_first(story: Story) -> None:
    rows = story.reader.latest_breaches(story.tenant, limit=4)
    assert [row.key for row in rows][:1] == ["SO-29"]
    assert [row.valid_from for row in rows] == sorted((row.valid_from for row in rows), reverse=True)
    assert len(rows) == 4


def test_another_tenant_sees_nothing(story: Story) -> None:
    assert story.reader.instance_clocks("nobody", "orders", "SO-00") == []
    assert story.reader.ledger("nobody", "promise") == ([], None)
    assert story.reader.appended_after("nobody", 0) == []
