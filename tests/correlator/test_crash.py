"""A tick that ends anywhere is done again and comes to the same; what a definition says of the past can change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from correlator import Correlator, InstanceFilter, InstanceReader, derivation
from correlator.stored_filter import FILTERED
from model import Catalog, ManualClock
from store import Store
from tests.correlator.outcome import stitched
from tests.correlator.telemetry import RECEIVED, Event, milestones, send, workflow

FLOW = workflow(("order", "delivery", "shipment", "invoice", "trace"), milestones(["a", "b", "c"]))
CATALOG = Catalog((FLOW,))
# A chain of three links, of which the last to arrive is the innermost, then the middle one.
BATCHES = [
    [
        Event("paid", 9, "c", {"invoice": "I1"}),
        Event("billed", 8, "b", {"shipment": "S1", "invoice": "I1"}),
        Event("lost", 8, "b", {"delivery": "D9"}),
    ],
    [
        Event("made", 1, "a", {"order": "O1", "delivery": "D1"}),
        Event("made2", 1, "a", {"order": "O2", "delivery": "D2"}),
    ],
    [
        Event("shipped", 2, "b", {"delivery": "D1", "shipment": "S1"}),
        Event("shipped2", 3, "b", {"delivery": "D2", "shipment": "S1"}),
        Event("lost", 9, "b", {"delivery": "D1"}),
    ],
]


class Aborted(Exception):
    """The process is gone."""


class AbortingStore:
    """A store whose call number `at`, counted from 0, does not happen any more, nor any after it.

    Whatever method is called is a step, also one that only reads, so the steps of a tick need not be known here. With
    `at` None nothing is aborted; `steps` says how many calls there were.
    """

    def __init__(self, store: Store, at: int | None, *, reads_too: bool = True) -> None:
        self._store = store
        self._at = at
        self._is_free = () if reads_too else ("rows", "value")
        self._lock = threading.Lock()
        self.steps = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return found if name in self._is_free or not callable(found) else self._stepping(found)

    def _stepping(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            with self._lock:
                if self._at is not None and self.steps >= self._at:
                    raise Aborted
                self.steps += 1
            return method(*args, **more)

        return step


def _ticks(store: Any, tenant: str) -> bool:
    """Whether the tick came to its end."""
    try:
        Correlator(store, ManualClock(RECEIVED), filtered_from=0).tick(tenant, CATALOG)
    except Aborted:
        return False
    return True


def _steps(store: Store, tenant: str, *, reads_too: bool = True) -> int:
    """How many steps the tick has that is due."""
    counting: Any = AbortingStore(store, None, reads_too=reads_too)
    assert _ticks(counting, tenant)
    return int(counting.steps)


def _run(store: Store, tenant: str, abort_at: int | None = None, batch: int = -1) -> bool:
    """All batches, one tick each; the tick of `batch` ends before its step `abort_at` and is done again."""
    for number, events in enumerate(BATCHES):
        send(store, events, tenant=tenant)
        if number == batch and abort_at is not None and _ticks(AbortingStore(store, abort_at), tenant):
            return False
        _ticks(store, tenant)
    return True


def test_ticks_aborted_four_steps_further_each_time_come_to_the_same_in_the_end(store: Store) -> None:
    _run(store, "whole")
    whole = stitched(store, FLOW, "whole")
    assert whole.timelines.keys() == {"O1", "O2"}
    assert {"paid", "billed", "shipped"} < set(whole.timelines["O1"])
    for number, events in enumerate(BATCHES):
        send(store, events, tenant="counted")
        least = _steps(store, "counted", reads_too=False)
        send(store, events, tenant="t")
        step = number % 4
        while not _ticks(AbortingStore(store, step, reads_too=False), "t"):
            step += 4
        assert step > least / 2, "a tick that is done again has about as much to do"
    assert stitched(store, FLOW, "t") == whole


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_a_tick_aborted_before_any_step_comes_to_the_same_when_done_again(store: Store, batch: int) -> None:
    _run(store, "whole")
    whole = stitched(store, FLOW, "whole")
    assert whole.timelines.keys() == {"O1", "O2"}
    assert {"paid", "billed", "shipped"} < set(whole.timelines["O1"])
    for events in BATCHES[:batch]:
        send(store, events, tenant="counted")
        _ticks(store, "counted")
    send(store, BATCHES[batch], tenant="counted")
    steps = _steps(store, "counted")
    step = 0
    while _run(store, f"aborted_{step}", step, batch):
        assert stitched(store, FLOW, f"aborted_{step}") == whole, step
        step += 1
    assert step == steps


@pytest.mark.parametrize(
    ("scanned", "filtered_from"),
    [(0, FILTERED), (derivation.SCANNED, FILTERED), (0, 0)],
    ids=["by the index", "from end to end", "by the filter"],
)
def test_stitching_everything_once_more_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, scanned: int, filtered_from: int
) -> None:
    monkeypatch.setattr(derivation, "SCANNED", scanned)
    _run(store, "t")
    before = stitched(store, FLOW, "t")
    store.execute("TRUNCATE TABLE stitched_segments")
    Correlator(store, ManualClock(RECEIVED), filtered_from=filtered_from).tick("t", CATALOG)
    assert stitched(store, FLOW, "t") == before


def test_a_changed_definition_and_a_new_workflow_apply_to_what_was_received(store: Store) -> None:
    _run(store, "t")
    correlator = Correlator(store, ManualClock(RECEIVED))
    changed = workflow(("order", "delivery"), milestones(["a", "b"]), definition="h2")
    other = workflow(("delivery", "shipment"), milestones(["b"]), name="other")
    correlator.tick("t", Catalog((changed, other)))
    found = stitched(store, changed, "t")
    assert found.timelines.keys() == {"O1", "O2"}
    assert all("paid" not in ids and "billed" not in ids for ids in found.timelines.values())
    assert {row.definition for row in InstanceReader(store).instances("t", changed, InstanceFilter())[0]} == {"h2"}
    assert set(stitched(store, other, "t").timelines) >= {"D1", "D2"}
    again = Correlator(store, ManualClock(RECEIVED)).tick("t", Catalog((changed, other)))
    assert (again.segments, again.events) == (0, 0)
