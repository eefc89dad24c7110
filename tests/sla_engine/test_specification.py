"""Every case of `specification/sla.yaml`, whatever the order of arrival and the ticks in between.

Cases whose SLAs have much the same form are told side by side: each SLA holds for the orders of all of them, and the
ticks are those that any of them asks for. A case with a system of its own, whose silence tells something, is a story of
its own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sla_engine import ClockRow
from store import Store
from tests.sla_engine.story import Happening, Story, when

_EXAMPLES = YAML(typ="safe", pure=True).load(Path(__file__).parents[1] / "specification" / "sla.yaml")
CASES: list[Mapping[str, Any]] = _EXAMPLES["cases"]
OTHER = "other"
ARRIVALS = 2
"""Random instants at which events of cases told side by side may arrive, beside the last one of each case."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Events that become known just before the tick at an instant."""

    at: datetime
    events: list[Happening]


def side_by_side(cases: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The cases, by what they say of the system; those with calendars and pauses, which cost most, by their form."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for case in cases:
        form = sorted(case["sla"].keys() & {"calendar", "pause", "by"})
        groups.setdefault(json.dumps([form, case.get("system")]), []).append(case)
    return list(groups.values())


def promises(cases: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The id of each SLA of the cases, by the SLA as JSON."""
    slas = dict.fromkeys(json.dumps(case["sla"]) for case in cases)
    return {sla: f"promise_{number}" for number, sla in enumerate(slas)}


def systems(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The systems of a case: wms, with a cadence where it has one."""
    cadence = case.get("system", {}).get("cadence")
    return [{"id": "wms", **({"cadence": cadence} if cadence else {})}]


def order_of(case: Mapping[str, Any], number: int) -> str:
    """The order of a case whose events arrive in the sequence of that number."""
    return f"{case['name']} {number}"


def happenings(case: Mapping[str, Any]) -> list[Happening]:
    """The events of a case; that the system has been heard of is an event of another order."""
    events = [
        Happening(each["m"], when(each["at"]), keys=each.get("keys", {}), attributes=each.get("attributes", {}))
        for each in case["events"]
    ]
    if seen := case.get("system", {}).get("seen"):
        events.append(Happening("b", when(seen), order=OTHER))
    return events


def rounds_of(case: Mapping[str, Any]) -> list[list[Happening]]:
    """The events for three orders, each order's in a sequence of its own, as they arrive in up to three rounds."""
    events = happenings(case)
    forward = list(range(len(events)))
    sequences = [forward, forward[::-1], random.Random(case["name"]).sample(forward, len(forward))]
    rounds: list[list[Happening]] = [[] for _ in range(min(3, len(events)))]
    for number, sequence in enumerate(sequences):
        for turn, place in enumerate(sequence):
            event = events[place]
            rounds[turn * len(rounds) // len(sequence)].append(
                replace(
                    event,
                    id=f"{number}-{event.id}",
                    order=event.order if event.order == OTHER else order_of(case, number),
                    keys={name: f"{value}-{number}" for name, value in event.keys.items()},
                )
            )
    return rounds


def arrivals(cases: list[Mapping[str, Any]]) -> list[Arrival]:
    """What arrives when: the rounds of each case at random instants from its first event until it is looked at."""
    rng = random.Random(0)
    spans = [(min(event.at for event in happenings(case)), when(case["as_of"])) for case in cases]
    alone = [first + (last - first) * rng.random() for first, last in spans]
    instants = sorted({last for _, last in spans} | set(rng.sample(alone, min(ARRIVALS, len(alone)))))
    told: dict[datetime, list[Happening]] = {instant: [] for instant in instants}
    for case, (first, last) in zip(cases, spans, strict=True):
        possible = [instant for instant in instants if first <= instant <= last]
        rounds = rounds_of(case)
        for at, events in zip(sorted(rng.choices(possible, k=len(rounds))), rounds, strict=True):
            told[at] += events
    return [Arrival(at, events) for at, events in told.items()]


@pytest.fixture(scope="module")
def clocks(shared_store: Store) -> dict[str, list[ClockRow]]:
    """By order its clocks of the case's promise, as of the instant at which the case looks at them."""
    found: dict[str, list[ClockRow]] = {}
    for cases in side_by_side(CASES):
        ids = promises(cases)
        slas = [{"id": id_, **json.loads(sla)} for sla, id_ in ids.items()]
        story = Story(shared_store, *slas, systems=systems(cases[0]))
        for arrival in arrivals(cases):
            if arrival.events:
                story.tell(arrival.events)
            ending = [case for case in cases if when(case["as_of"]) == arrival.at]
            if ending:
                story.restart()
            story.tick(arrival.at)
            for case in ending:
                sla = ids[json.dumps(case["sla"])]
                for order in (order_of(case, number) for number in range(3)):
                    found[order] = [clock for clock in story.clocks(order) if clock.sla == sla]
    return found


@pytest.mark.parametrize("number", range(3), ids=["in order", "reversed", "shuffled"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_example_holds_in_any_order_of_arrival_with_ticks_in_between(
    clocks: dict[str, list[ClockRow]], case: Mapping[str, Any], number: int
) -> None:
    found = clocks[order_of(case, number)]
    expected = case["clocks"]
    assert [(str(clock.verdict), clock.deadline_at) for clock in found] == [
        (each["verdict"], when(each["deadline_at"]) if each["deadline_at"] else None) for each in expected
    ]
    for clock, each in zip(found, expected, strict=True):
        assert clock.per == (f"{each['per']}-{number}" if "per" in each else "")
        assert clock.flags == each.get("flags", clock.flags)
        assert clock.reason
