"""Each definition as its author wrote it."""

from __future__ import annotations

from model import Catalog, DefinitionBody, catalog_from_sources, definition_bodies

TEXT = """# Before.
workflow: shipping   # the name
keys: {order: {attributes: [order.id]}}
root: order
milestones:
  - {id: placed, match: {event: placed}}
  - {id: shipped, match: {event: shipped}}
slas:
  - id: in_time
    # Four hours were agreed in May.
    from: placed
    to: shipped
    within: 4h
  - {id: same_day, from: placed, to: shipped, within: 1d}
calendars:
  work:
    zone: Europe/Berlin
    hours: {mon-fri: "09:00-17:00"}
---
routes:
  - {id: all, receivers: [{email: ops@example.org}]}
"""


def bodies(text: str = TEXT) -> dict[tuple[str, str], DefinitionBody]:
    found = definition_bodies(catalog_from_sources([("c.yaml", text)]))
    return {(each.kind, each.name): each for each in found}


def test_every_workflow_sla_calendar_and_route_has_a_body() -> None:
    assert set(bodies()) == {
        ("workflow", "shipping"),
        ("sla", "in_time"),
        ("sla", "same_day"),
        ("calendar", "work"),
        ("route", "all"),
    }


def test_a_body_is_the_text_with_its_comments_and_without_its_indentation() -> None:
    assert bodies()["sla", "in_time"].body == (
        "id: in_time\n# Four hours were agreed in May.\nfrom: placed\nto: shipped\nwithin: 4h\n"
    )
    assert bodies()["calendar", "work"].body == 'zone: Europe/Berlin\nhours: {mon-fri: "09:00-17:00"}\n'
    assert bodies()["workflow", "shipping"].body.startswith("workflow: shipping   # the name\n")
    assert bodies()["route", "all"].body == "{id: all, receivers: [{email: ops@example.org}]}\n"


def test_a_route_has_a_hash_of_its_own() -> None:
    other = bodies(TEXT.replace("ops@example.org", "help@example.org"))
    assert bodies()["route", "all"].hash != other["route", "all"].hash


def test_a_catalog_that_was_not_read_from_files_has_empty_bodies() -> None:
    read = catalog_from_sources([("c.yaml", TEXT)])
    made = Catalog(read.workflows, read.systems, read.calendars, read.routes)
    assert {each.body for each in definition_bodies(made)} == {""}
