"""What changes the hash of a definition, and what does not."""

from __future__ import annotations

import re

import pytest

from model import Catalog, catalog_from_sources

TEXT = """workflow: shipping
title: Shipping
owner: logistics
criticality: high
keys:
  order: {attributes: [order.id]}
  delivery: {attributes: [delivery.id]}
root: order
amount: {attribute: order.total}
milestones:
  - {id: placed, system: shop, match: {event: placed}}
  - {id: shipped, system: wms, title: Gone, match: {event: shipped}, ends: completed}
slas:
  - {id: in_time, title: In time, from: placed, to: shipped, within: 4h, calendar: emea, owner: ops, severity: high,
     at_risk: 75%, objective: {target: 99%, window: 30d}}
  - {id: other, from: placed, to: shipped, within: 5h}
calendars:
  emea: {zone: Europe/Berlin, hours: {mon-fri: "09:00-17:00"}, holidays: {country: DE, subdivision: BE}}
"""


def hashes(text: str) -> dict[str, str]:
    catalog = catalog_from_sources([("c.yaml", text)])
    workflow = catalog.workflows[0]
    return {
        "catalog": catalog.hash,
        "workflow": workflow.hash,
        **{sla.id: sla.hash for sla in workflow.slas},
        "calendar": catalog.calendars[0].hash,
    }


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        pytest.param("title: Shipping", "title: Dispatch", {"catalog"}, id="a title means nothing"),
        pytest.param("owner: logistics", "owner: shop", {"catalog"}, id="a workflow's owner means nothing"),
        pytest.param("title: Gone", "title: Left", {"catalog"}, id="a milestone's title means nothing"),
        pytest.param("severity: high", "severity: low", {"catalog"}, id="a severity means nothing"),
        pytest.param("owner: ops", "owner: it", {"catalog"}, id="an SLA's owner means nothing"),
        pytest.param("target: 99%", "target: 98%", {"catalog"}, id="an objective judges no clock"),
        pytest.param("root: order", "root: order # a comment", set(), id="a comment is not there"),
        pytest.param("within: 4h", "within: 240m", set(), id="the same duration written otherwise is the same"),
        pytest.param("within: 4h", "within: 3h", {"catalog", "in_time"}, id="the time allowed is the SLA"),
        pytest.param("at_risk: 75%", "at_risk: 80%", {"catalog", "in_time"}, id="the risk point is the SLA"),
        pytest.param("within: 5h", "within: 5h, occurrence: each", {"catalog", "other"}, id="occurrence is the SLA"),
        pytest.param("09:00", "08:00", {"catalog", "calendar", "in_time"}, id="hours change the calendar's SLAs only"),
        pytest.param(
            "subdivision: BE", "subdivision: BY", {"catalog", "calendar", "in_time"}, id="other holidays do too"
        ),
        pytest.param("emea", "apac", {"catalog"}, id="a calendar's name means nothing"),
        pytest.param("event: placed", "event: ordered", {"catalog", "workflow"}, id="a matcher is the workflow"),
        pytest.param("order.id", "order.number", {"catalog", "workflow"}, id="a key's attribute is the workflow"),
        pytest.param("order.total", "order.sum", {"catalog", "workflow"}, id="the amount is the workflow"),
        pytest.param(
            "system: wms", "system: depot", {"catalog", "workflow"}, id="a milestone's system is the workflow"
        ),
        pytest.param("[delivery.id]}", "[delivery.id], window: 1h}", {"catalog", "workflow"}, id="a window is too"),
    ],
)
def test_a_hash_covers_what_the_definition_means(old: str, new: str, changed: set[str]) -> None:
    assert old in TEXT
    before, after = hashes(TEXT), hashes(TEXT.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == changed


def test_the_order_of_keys_and_milestones_is_part_of_the_workflow() -> None:
    text = TEXT.replace("title: Gone", "repeatable: true")
    lines = text.splitlines(keepends=True)
    swapped = "".join([*lines[:10], lines[11], lines[10], *lines[12:]])
    assert hashes(swapped)["workflow"] != hashes(text)["workflow"]


def test_how_critical_the_workflow_is_decides_only_where_a_filter_asks() -> None:
    asked = TEXT.replace("within: 5h", "within: 5h, where: {criticality: high}")
    for text, is_same in ((TEXT, True), (asked, False)):
        for change in ("criticality: low\n", "criticality: high\ncriticality_attribute: level\n"):
            changed = text.replace("criticality: high\n", change)
            assert (hashes(changed)["other"] == hashes(text)["other"]) is is_same
            assert hashes(changed)["workflow"] == hashes(text)["workflow"]


def test_hashes_are_sha_256_in_hexadecimal() -> None:
    for name, found in hashes(TEXT).items():
        assert re.fullmatch(r"[0-9a-f]{64}", found), name


def test_two_slas_that_promise_the_same_are_still_two() -> None:
    found = hashes(TEXT.replace("within: 5h", "within: 4h, calendar: emea, at_risk: 75%"))
    assert found["in_time"] != found["other"]


def test_a_file_split_in_two_means_the_same() -> None:
    head, tail = TEXT.split("calendars:")
    split = catalog_from_sources([("a.yaml", head), ("b.yaml", f"calendars:{tail}")])
    whole: Catalog = catalog_from_sources([("c.yaml", TEXT)])
    assert split.hash == whole.hash
