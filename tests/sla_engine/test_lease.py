"""The lease: one holder at a time, named to whom it refuses, followed when it ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from model import ManualClock
from sla_engine import Lease, LeaseLost, SlaEngine
from store import Store
from tests.sla_engine.story import START_OF_STORIES, Story


@pytest.fixture
def candidate(shared_store: Store) -> Callable[..., Lease]:
    role = f"role-{uuid.uuid4().hex}"
    return lambda **more: Lease(shared_store, role, **{"seconds": 60.0, "settle_seconds": 0.2, **more})


def test_a_second_candidate_is_told_who_holds_the_role(candidate: Callable[..., Lease]) -> None:
    first, second = candidate(), candidate()
    assert first.take() is None
    first.check()
    held = second.take()
    assert held is not None
    assert held.who.startswith("process ")
    assert 0 < held.seconds_left <= 60
    with pytest.raises(LeaseLost, match="process"):
        second.check()


def test_who_waits_takes_over_when_the_holder_gives_up_or_falls_silent(candidate: Callable[..., Lease]) -> None:
    first, second, third = candidate(), candidate(seconds=0.0), candidate()
    assert first.take() is None
    assert second.take() is not None
    first.release()
    assert second.take() is None  # holds for no time at all: as good as silent
    assert third.take() is None
    with pytest.raises(LeaseLost):
        second.renew()
    third.renew()
    third.check()


def test_of_many_candidates_at_once_exactly_one_wins(candidate: Callable[..., Lease]) -> None:
    candidates = [candidate(settle_seconds=1.0) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda each: each.take(), candidates))
    assert outcomes.count(None) == 1
    winner = candidates[outcomes.index(None)]
    winner.check()


def test_an_engine_that_lost_its_lease_appends_nothing(shared_store: Store, candidate: Callable[..., Lease]) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "4h"})
    story.happens("a", "2026-03-02T08:00:00Z")
    mine, other = candidate(seconds=0.0), candidate()
    assert mine.take() is None
    assert other.take() is None
    story.engine = SlaEngine(shared_store, ManualClock(START_OF_STORIES), before_append=mine.check)
    with pytest.raises(LeaseLost):
        story.tick("2026-03-02T09:00:00Z")
    assert story.reader.ledger(story.tenant, "promise") == ([], None)
    story.engine = SlaEngine(shared_store, ManualClock(START_OF_STORIES), before_append=other.check)
    story.tick("2026-03-02T09:00:00Z")
    assert len(story.reader.ledger(story.tenant, "promise")[0]) == 1
