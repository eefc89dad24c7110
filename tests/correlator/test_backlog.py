"""Which segments wait: those committed since the last look, those of before that are not done, and what others did."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from correlator.backlog import Backlog
from model import Workflow
from store import Store
from tests.correlator.telemetry import milestones, workflow

START = datetime.fromisoformat("2026-11-01T10:00:00+00:00")
FIRST = workflow(("order",), milestones(["a"]), name="first")
SECOND = workflow(("order",), milestones(["a"]), name="second")


class _Segments:
    """Segments committed in one minute after another, and marked as stitched by somebody."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(self, name: str, at: datetime = START, signal: str = "logs") -> None:
        columns = ("tenant", "segment_id", "signal", "rows", "bytes", "received_from", "received_to", "committed_at")
        self._store.insert("segments", columns, [("default", name, signal, 5, 0, at, at, at)])

    def stitch(self, name: str, by: str = "first", definition: str | None = None, tenant: str = "default") -> None:
        columns = ("tenant", "workflow", "definition", "segment_id", "stitched_at")
        self._store.insert("stitched_segments", columns, [(tenant, by, definition or FIRST.hash, name, START)])


@pytest.fixture
def segments(store: Store) -> _Segments:
    return _Segments(store)


@pytest.fixture
def backlog(store: Store) -> Backlog:
    return Backlog(store, "default", "default")


def _found(backlog: Backlog, at: datetime = START, *workflows: Workflow) -> dict[str, tuple[str, ...]]:
    return {each.id: each.pending for each in backlog.look(workflows or (FIRST,), at)}


def test_the_first_look_finds_all_that_is_not_stitched_however_old(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("b", START - timedelta(days=20))
    segments.commit("a", START - timedelta(days=30))
    segments.commit("c")
    segments.stitch("a")
    assert list(_found(backlog)) == ["b", "c"]


def test_a_later_look_adds_what_was_committed_since_and_keeps_what_waits(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("a")
    assert list(_found(backlog)) == ["a"]
    segments.commit("b", START + timedelta(seconds=5))
    assert list(_found(backlog, START + timedelta(seconds=6))) == ["a", "b"]
    backlog.stitched(["a"], ["first"])
    assert list(_found(backlog, START + timedelta(seconds=7))) == ["b"]
    assert list(_found(backlog, START + timedelta(seconds=90))) == ["b"]


def test_what_was_stitched_before_the_first_look_is_no_news_later(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("a")
    segments.stitch("a")
    assert _found(backlog, START + timedelta(seconds=1)) == {}
    assert _found(backlog, START + timedelta(seconds=2)) == {}


def test_a_clock_that_differs_by_less_than_a_minute_hides_nothing(segments: _Segments, backlog: Backlog) -> None:
    assert _found(backlog) == {}
    segments.commit("slow", START - timedelta(seconds=50))
    assert list(_found(backlog, START + timedelta(seconds=1))) == ["slow"]


def test_one_that_differs_by_more_is_found_by_the_next_sweep(segments: _Segments, backlog: Backlog) -> None:
    assert _found(backlog) == {}
    segments.commit("slow", START - timedelta(minutes=30))
    assert _found(backlog, START + timedelta(minutes=1)) == {}
    assert list(_found(backlog, START + timedelta(minutes=2))) == ["slow"]


def test_a_sweep_forgets_nothing_that_waits(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("old", START - timedelta(days=3))
    assert list(_found(backlog)) == ["old"]
    assert list(_found(backlog, START + timedelta(minutes=3))) == ["old"]


def test_a_new_workflow_or_definition_asks_for_everything_again(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("a", START - timedelta(days=3))
    segments.stitch("a")
    segments.commit("b", START - timedelta(days=2))
    assert _found(backlog) == {"b": ("first",)}
    assert _found(backlog, START, FIRST, SECOND) == {"a": ("second",), "b": ("first", "second")}
    changed = workflow(("order",), milestones(["a"]), name="first", definition="h2")
    assert _found(backlog, START, changed) == {"a": ("first",), "b": ("first",)}


def test_what_a_tenant_has_seen_says_nothing_of_another(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("a")
    segments.stitch("a", tenant="other")
    assert list(_found(backlog)) == ["a"]


def test_a_segment_waits_for_the_workflows_that_have_not_seen_it(segments: _Segments, backlog: Backlog) -> None:
    segments.commit("a")
    assert _found(backlog, START, FIRST, SECOND) == {"a": ("first", "second")}
    backlog.stitched(["a"], ["second"])
    assert _found(backlog, START, FIRST, SECOND) == {"a": ("first",)}
    backlog.stitched(["a"], ["first", "second"])
    assert _found(backlog, START, FIRST, SECOND) == {}
