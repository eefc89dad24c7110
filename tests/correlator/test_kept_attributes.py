"""What events keep of their resource for SLAs: these may change while the definition stays, and so must the events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from correlator import Correlator, InstanceReader
from model import Catalog, ManualClock, Promise, Sla
from store import Store
from tests.correlator.telemetry import RECEIVED, Event, log_row, milestones, send_rows, workflow

PLAIN = workflow(("order",), milestones(["placed", "paid"]))
PROMISED = replace(PLAIN, slas=(Sla("s", "w", "S", "placed", "paid", promise=Promise("promised.on")),))


def _placed(order: str) -> dict[str, Any]:
    row = log_row(Event(order, 0, "placed", {"order": order}))
    return {**row, "ResourceAttributes": {"promised.on": "2026-03-09", "host": "h"}}


def test_an_sla_that_comes_later_has_its_attribute_from_then_on_and_makes_no_conflicts(store: Store) -> None:
    correlator, reader = Correlator(store, ManualClock(RECEIVED)), InstanceReader(store, ManualClock(RECEIVED))
    send_rows(store, "logs", [_placed("O1")])
    correlator.tick("default", Catalog((PLAIN,)))
    send_rows(store, "logs", [_placed("O1"), _placed("O2")])
    correlator.tick("default", Catalog((PROMISED,)))
    events = {order: reader.timeline("default", PROMISED, order)[0] for order in ("O1", "O2")}
    assert {order: [each.flags for each in found] for order, found in events.items()} == {"O1": [[]], "O2": [[]]}
    assert [each.deliveries for each in events["O1"]] == [2]
    assert events["O2"][0].attributes["promised.on"] == "2026-03-09"
    assert "host" not in events["O2"][0].attributes


def test_what_the_definition_names_of_a_resource_is_content(store: Store) -> None:
    keyed = {**_placed("O1"), "LogAttributes": {"cloudevents.event_id": "1", "cloudevents.event_source": "/tests"}}
    send_rows(store, "logs", [{**keyed, "ResourceAttributes": {"key.order": "O1"}}])
    send_rows(store, "logs", [{**keyed, "ResourceAttributes": {"key.order": "O2"}}])
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((PROMISED,)))
    reader = InstanceReader(store, ManualClock(RECEIVED))
    found = [each for order in ("O1", "O2") for each in reader.timeline("default", PROMISED, order)[0]]
    assert [each.flags for each in found] == [["conflicting_duplicate"]]
