"""Every case of `specification/sla.yaml`, whatever the order of arrival and the ticks in between."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sla_engine import ClockRow
from store import Store
from tests.sla_engine.story import SLA, Happening, Story, when

_EXAMPLES = YAML(typ="safe", pure=True).load(Path(__file__).parents[1] / "specification" / "sla.yaml")
CASES = [pytest.param(case, id=case["name"]) for case in _EXAMPLES["cases"]]
OTHER = "SO-other"


def systems(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The systems of a case: wms, with a cadence where it has one."""
    cadence = case.get("system", {}).get("cadence")
    return [{"id": "wms", **({"cadence": cadence} if cadence else {})}]


def happenings(case: Mapping[str, Any]) -> list[Happening]:
    """The events of a case; that the system has been heard of is an event of another order."""
    events = [
        Happening(each["m"], when(each["at"]), keys=each.get("keys", {}), attributes=each.get("attributes", {}))
        for each in case["events"]
    ]
    if seen := case.get("system", {}).get("seen"):
        events.append(Happening("b", when(seen), order=OTHER))
    return events


def arrivals(case: Mapping[str, Any]) -> list[list[Happening]]:
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
                    order=event.order if event.order == OTHER else f"SO-{number}",
                    keys={name: f"{value}-{number}" for name, value in event.keys.items()},
                )
            )
    return rounds


def check(case: Mapping[str, Any], clocks: list[ClockRow], number: int) -> None:
    """The clocks of an order are those the case demands."""
    expected = case["clocks"]
    assert [(str(c.verdict), c.deadline_at) for c in clocks] == [
        (each["verdict"], when(each["deadline_at"]) if each["deadline_at"] else None) for each in expected
    ]
    for clock, each in zip(clocks, expected, strict=True):
        assert clock.per == (f"{each['per']}-{number}" if "per" in each else "")
        assert clock.flags == each.get("flags", clock.flags)
        assert clock.sla == SLA
        assert clock.reason


@pytest.mark.parametrize("case", CASES)
def test_an_example_holds_in_any_order_of_arrival_with_ticks_in_between(
    shared_store: Store, case: Mapping[str, Any]
) -> None:
    rounds = arrivals(case)
    last = when(case["as_of"])
    first = min(event.at for event in rounds[0])
    rng = random.Random(case["name"])
    story = Story(shared_store, case["sla"], systems=systems(case))
    for events, as_of in zip(rounds, sorted(first + (last - first) * rng.random() for _ in rounds), strict=True):
        story.tell(events)
        if as_of < last:
            story.tick(as_of)
    story.restart()
    story.tick(last)
    for number in range(3):
        check(case, story.clocks(f"SO-{number}"), number)
