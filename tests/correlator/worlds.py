"""Random small worlds for property tests: a workflow, its events, and a way in which they arrive."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from model import Amount, KeyType, Outcome, Workflow
from tests.correlator.plain_stitcher import values_of
from tests.correlator.telemetry import Event, Retracted, Voided, milestones, workflow

ALIASES = ("delivery", "shipment", "trace")
PLACE = "key.place"
"""An attribute that composite keys share."""
FAR_AHEAD = 500_000  # minutes: after the time of receipt


@dataclass(frozen=True)
class World:
    """`arrivals` are batches of events, and of what people say about them: any event may come several times, and one
    twice with another time and other keys."""

    workflow: Workflow
    arrivals: list[list[Event | Voided | Retracted]]

    @property
    def versions(self) -> dict[str, set[Event]]:
        found: dict[str, set[Event]] = {}
        for each in itertools.chain(*self.arrivals):
            if isinstance(each, Event):
                found.setdefault(each.id, set()).add(each)
        return found

    @property
    def corrections(self) -> list[Voided | Retracted]:
        return [each for each in itertools.chain(*self.arrivals) if not isinstance(each, Event)]


class _Hashable(dict):  # type: ignore[type-arg]
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(repr(sorted(self.items())))


@st.composite
def worlds(draw: st.DrawFn, name: str) -> World:
    """A workflow of that name, up to a dozen events in few keys, in any order and batching, copied and corrected."""
    aliases = draw(st.lists(st.sampled_from(ALIASES), unique=True, max_size=3))
    types = ("order", *aliases)
    windows = {each: draw(st.sampled_from([5, 30])) for each in aliases if draw(st.integers(0, 3)) == 0}
    steps = milestones(
        [f"{name}.m{number}" for number in range(4)],
        unique=[f"{name}.m2"],
        ends={f"{name}.m3": Outcome.COMPLETED, f"{name}.m1": Outcome.CANCELLED} if draw(st.booleans()) else {},
    )
    flow = workflow(types, steps, windows, name=name)
    keys = tuple(draw(_spelled(each)) for each in flow.keys)
    flow = Workflow(flow.name, flow.title, keys, flow.root, flow.milestones, amount=Amount("total"), hash="h1")
    events = [draw(_events(f"e{number}", name, types)) for number in range(draw(st.integers(1, 12)))]
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    moved = [
        Event(each.id, each.at + 3, each.milestone, draw(_keys(types)), each.trace, each.attributes)
        for each in draw(st.lists(st.sampled_from(events), max_size=1))
    ]
    said = draw(st.lists(_corrections(flow, events), min_size=1, max_size=4)) if draw(st.booleans()) else []
    order = draw(st.permutations([*events, *again, *moved, *said]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
    bounds = [0, *cuts, len(order)]
    return World(flow, [order[start:end] for start, end in itertools.pairwise(bounds)])


@st.composite
def _spelled(draw: st.DrawFn, key: KeyType) -> KeyType:
    """The key type as it is, normalized, or composite where an event says a place, else single."""
    if key.is_trace:
        return key
    alternatives = draw(st.sampled_from([key.alternatives, ((*key.alternatives[0], PLACE), *key.alternatives)]))
    steps = draw(st.lists(st.sampled_from(["trim", "upper", "strip_leading_zeros"]), unique=True, max_size=2))
    return replace(key, alternatives=alternatives, normalize=tuple(steps))


@st.composite
def _events(draw: st.DrawFn, event_id: str, name: str, types: tuple[str, ...]) -> Event:
    at = draw(st.one_of(st.integers(0, 60), st.just(FAR_AHEAD)) if draw(st.integers(0, 9)) == 0 else st.integers(0, 60))
    trace = draw(st.sampled_from(["", "1" * 32, "2" * 32]))
    attributes = _Hashable({"total": f"{at}.50"} if draw(st.integers(0, 3)) == 0 else {})
    step = draw(st.sampled_from([f"{name}.m{number}" for number in range(4)] + [f"{name}.other"]))
    return Event(event_id, at, step, draw(_keys(types)), trace, attributes)


@st.composite
def _corrections(draw: st.DrawFn, flow: Workflow, events: list[Event]) -> Voided | Retracted:
    """An event that never was, or a link that does not hold: mostly one that an event has said."""
    event = draw(st.sampled_from(events))
    links = [
        Retracted((outer.name, value), (inner.name, other))
        for inner, outer in itertools.combinations(flow.keys, 2)
        for value in values_of(outer, event)
        for other in values_of(inner, event)
    ]
    if links and draw(st.integers(0, 2)):
        return draw(st.sampled_from(links))
    return Voided(event.id)


@st.composite
def _keys(draw: st.DrawFn, types: tuple[str, ...]) -> _Hashable:
    values = st.sampled_from(["1", "2", "a", "01", " A", "a/1", " ", ["1", "2"], ["a", ""]])
    least = draw(st.integers(0, min(2, len(types))))
    names = draw(st.lists(st.sampled_from(types), unique=True, min_size=least, max_size=3))
    names += [PLACE.removeprefix("key.")] if draw(st.integers(0, 3)) == 0 else []
    return _Hashable({each: draw(values) for each in names if each != "trace"})
