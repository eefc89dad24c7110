"""Every case of the stitching specification, whatever the order and batching in which its events arrive."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from correlator import Correlator
from model import Catalog, ManualClock, Workflow
from store import Store
from tests.correlator.outcome import stitched
from tests.correlator.telemetry import RECEIVED, Event, milestones, send, workflow

KEY_TYPES = ("order", "delivery", "shipment", "invoice", "cart", "trace")
CASES = YAML(typ="safe").load(Path(__file__).parents[1] / "specification" / "stitching.yaml")
OF_THE_COURSE = {"skipped", "repeated", "out_of_sequence"}
"""Flags of the order of milestones, of which the cases do not speak."""


def _workflow(case: dict[str, Any], name: str) -> Workflow:
    steps = milestones(dict.fromkeys(each["m"] for each in case["events"]), unique=case.get("unique", ()))
    return workflow(case.get("key_types", KEY_TYPES), steps, case.get("windows"), name=name)


def _arrivals(events: list[Event]) -> dict[str, list[list[Event]]]:
    """Batches by what they are called: given, reversed and shuffled, in one tick and in one tick for each event."""
    shuffled = random.Random(7).sample(events, len(events))
    orders = {"given": events, "reversed": events[::-1], "shuffled": shuffled}
    return {f"{name} at once": [order] for name, order in orders.items()} | {
        f"{name} one by one": [[each] for each in order] for name, order in orders.items()
    }


@pytest.mark.parametrize("arrival", ["at once", "one by one"])
def test_every_case_of_the_specification(store: Store, arrival: str) -> None:
    correlator = Correlator(store, ManualClock(RECEIVED))
    wrong = []
    for order in ("given", "reversed", "shuffled"):
        tenant = order
        # All cases at once, as workflows of one catalog: each case's events have names of their own.
        catalog, batches = _as_one_catalog(f"{order} {arrival}")
        for batch in batches:
            send(store, batch, tenant=tenant)
            correlator.tick(tenant, catalog)
        for case, each in zip(CASES, catalog.workflows, strict=True):
            found = stitched(store, each, tenant)
            expected = {
                "timelines": {key: list(ids) for key, ids in case["timelines"].items()},
                "unresolved": sorted(case.get("unresolved", [])),
                "flags": case.get("flags", {}),
            }
            flags = {key: [each for each in row if each not in OF_THE_COURSE] for key, row in found.flags.items()}
            flags = {key: row for key, row in flags.items() if row}
            got = {"timelines": found.timelines, "unresolved": found.unresolved, "flags": flags}
            if case.get("deliveries"):
                expected["deliveries"], got["deliveries"] = case["deliveries"], found.deliveries
            if got != expected:
                wrong.append((order, case["name"], got, expected))
    assert not wrong


def _as_one_catalog(arrival: str) -> tuple[Catalog, list[list[Event]]]:
    workflows, rounds = [], []
    for number, case in enumerate(CASES):
        name = f"case_{number}"
        steps = [f"{name}.{each}" for each in dict.fromkeys(each["m"] for each in case["events"])]
        unique = [f"{name}.{each}" for each in case.get("unique", ())]
        workflows.append(
            workflow(case.get("key_types", KEY_TYPES), milestones(steps, unique), case.get("windows"), name=name)
        )
        events = [
            Event(each["id"], each["at"], f"{name}.{each['m']}", each["keys"], each.get("trace", ""))
            for each in case["events"]
        ]
        rounds.append(_arrivals(events)[arrival])
    most = max(len(each) for each in rounds)
    batches = [[event for each in rounds if step < len(each) for event in each[step]] for step in range(most)]
    return Catalog(tuple(workflows)), batches
