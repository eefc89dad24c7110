"""Random small worlds for property tests: a workflow, its events, and a way in which they arrive."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hypothesis import strategies as st

from model import Amount, Outcome, Workflow
from tests.correlator.telemetry import Event, milestones, workflow

ALIASES = ("delivery", "shipment", "trace")
FAR_AHEAD = 500_000  # minutes: after the time of receipt


@dataclass(frozen=True)
class World:
    """`arrivals` are batches of events; the same event may come several times, and twice with another time."""

    workflow: Workflow
    arrivals: list[list[Event]]

    @property
    def versions(self) -> dict[str, set[Event]]:
        found: dict[str, set[Event]] = {}
        for batch in self.arrivals:
            for event in batch:
                found.setdefault(event.id, set()).add(event)
        return found


class _Hashable(dict):  # type: ignore[type-arg]
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(sorted(self.items())))


@st.composite
def worlds(draw: st.DrawFn, name: str) -> World:
    """A workflow of that name, up to a dozen events in few keys, in any order and batching, with copies."""
    aliases = draw(st.lists(st.sampled_from(ALIASES), unique=True, max_size=3))
    types = ("order", *aliases)
    windows = {each: draw(st.sampled_from([5, 30])) for each in aliases if draw(st.integers(0, 3)) == 0}
    steps = milestones(
        [f"{name}.m{number}" for number in range(4)],
        unique=[f"{name}.m2"],
        ends={f"{name}.m3": Outcome.COMPLETED, f"{name}.m1": Outcome.CANCELLED} if draw(st.booleans()) else {},
    )
    flow = workflow(types, steps, windows, name=name)
    flow = Workflow(flow.name, flow.title, flow.keys, flow.root, flow.milestones, amount=Amount("total"), hash="h1")
    events = [draw(_events(f"e{number}", name, types)) for number in range(draw(st.integers(1, 12)))]
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    moved = [
        Event(each.id, each.at + 3, each.milestone, draw(_keys(types)), each.trace, each.attributes)
        for each in draw(st.lists(st.sampled_from(events), max_size=1))
    ]
    order = draw(st.permutations([*events, *again, *moved]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
    bounds = [0, *cuts, len(order)]
    return World(flow, [order[start:end] for start, end in itertools.pairwise(bounds)])


@st.composite
def _events(draw: st.DrawFn, event_id: str, name: str, types: tuple[str, ...]) -> Event:
    at = draw(st.one_of(st.integers(0, 60), st.just(FAR_AHEAD)) if draw(st.integers(0, 9)) == 0 else st.integers(0, 60))
    trace = draw(st.sampled_from(["", "1" * 32, "2" * 32]))
    attributes = _Hashable({"total": f"{at}.50"} if draw(st.integers(0, 3)) == 0 else {})
    step = draw(st.sampled_from([f"{name}.m{number}" for number in range(4)] + [f"{name}.other"]))
    return Event(event_id, at, step, draw(_keys(types)), trace, attributes)


@st.composite
def _keys(draw: st.DrawFn, types: tuple[str, ...]) -> _Hashable:
    values = st.sampled_from(["1", "2", "3", " ", ["1", "2"], ["3", ""]])
    names = draw(st.lists(st.sampled_from(types), unique=True, max_size=3))
    return _Hashable({each: draw(values) for each in names if each != "trace"})
