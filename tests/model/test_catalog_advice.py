"""What is allowed in a catalog and still looks like a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from model import Catalog, catalog_from_sources, catalog_warnings, load_catalog

GOOD = Path(__file__).parents[1] / "catalog" / "good"

TEXT = """workflow: shipping
owner: logistics
keys:
  order: {attributes: [order.id]}
  delivery: {attributes: [delivery.id]}
root: order
milestones:
  - {id: placed, system: shop, match: {event: placed}}
  - {id: shipped, match: {event: shipped}, ends: completed}
slas:
  - {id: in_time, from: placed, to: shipped, within: 4h, calendar: work, severity: high}
systems:
  - {id: shop, services: [storefront]}
calendars:
  work: {zone: Europe/Berlin, hours: {mon-fri: "09:00-17:00"}}
routes:
  - {id: oncall, match: {severity: high}, receivers: [{webhook: "https://example.org/hook"}]}
"""


def warnings(text: str) -> list[str]:
    return [str(warning) for warning in catalog_warnings(catalog_from_sources([("c.yaml", text)]))]


def test_a_sound_catalog_gives_no_warning() -> None:
    assert warnings(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "within: 4h",
            "within: 2d",
            "c.yaml:11: slas[0].within: `2d` counts 24 working hours of `work` as a day, not one day of the week "
            "(write working hours, like 16h for two days of eight)",
            id="a day of business time is 24 working hours",
        ),
        pytest.param(
            "within: 4h",
            "within: 4h, at_risk: 4h",
            "c.yaml:11: slas[0].at_risk: every clock is at risk from its start: write less than `within`",
            id="a risk from the start is no warning to anybody",
        ),
        pytest.param(
            "from: placed, to: shipped, within: 4h",
            "milestone: shipped, every: 30s",
            "c.yaml:11: slas[0].every: feeds are looked at by the minute: write at least 1m",
            id="a silence within a minute is not seen",
        ),
        pytest.param(
            "from: placed, to: shipped, within: 4h",
            'milestone: shipped, volume: {at_least: 5, by: "00:00"}',
            "c.yaml:11: slas[0].volume.by: counts the first instant of each day alone: write 23:59 for the whole day",
            id="a day is not over at the midnight it begins with",
        ),
        pytest.param(
            "order: {attributes: [order.id]}",
            "order: {attributes: [order.id], normalize: [strip_leading_zeros, trim, upper]}",
            "c.yaml:4: keys.order.normalize: zeros behind a blank stay: write `trim` first",
            id="zeros go before blanks in vain",
        ),
        pytest.param(
            "within: 4h",
            "within: 4h, zone: Europe/Paris",
            "c.yaml:11: slas[0].zone: has no effect: it is for promised days (`by: {attribute: ...}`)",
            id="a zone does nothing without a promised day",
        ),
        pytest.param(
            "within: 4h",
            "by: {attribute: due}, pause: {from: placed, to: shipped}",
            "c.yaml:11: slas[0].pause: has no effect: a pause does not move a due date",
            id="a pause does nothing to a due date",
        ),
        pytest.param(
            "within: 4h",
            "by: {attribute: due}, zone: Europe/Paris",
            "c.yaml:11: slas[0].calendar: has no effect: the promised date and `zone` decide",
            id="a calendar does nothing to a promise that has a zone",
        ),
        pytest.param(
            "match: {event: placed}}\n"
            "  - {id: shipped, match: {event: shipped}, ends: completed}\nslas:\n"
            "  - {id: in_time, from: placed, to: shipped",
            "match: {event: placed}, repeatable: true}\n"
            "  - {id: shipped, match: {event: shipped}, ends: completed}\nslas:\n"
            "  - {id: in_time, from: shipped, to: placed",
            "c.yaml:11: slas[0].from: `shipped` ends the instance: nothing should follow it",
            id="a clock that starts at the end",
        ),
        pytest.param(
            "severity: high}\nsystems",
            "severity: hihg}\nsystems",
            "c.yaml:11: slas[0].severity: `hihg` is an unusual severity (did you mean `high`?)",
            id="a severity that looks misspelled",
        ),
        pytest.param(
            "system: shop",
            "system: shopp",
            "c.yaml:8: milestones[0].system: no system `shopp` is described (did you mean `shop`?)",
            id="a system that is not described",
        ),
        pytest.param(
            "[delivery.id]",
            "[order.id]",
            "c.yaml:5: keys.delivery: has the same attributes as `order`: nothing links the one to the other",
            id="a key that nothing links",
        ),
        pytest.param(
            ", ends: completed",
            "",
            "c.yaml:7: milestones: no milestone `ends` an instance: all stay in progress for ever",
            id="a workflow that never ends",
        ),
        pytest.param(
            "event: shipped",
            "event: placed",
            "c.yaml:9: milestones[1].match: matches exactly what `placed` matches: every record is an event of both",
            id="two milestones of one record",
        ),
        pytest.param(
            "event: shipped",
            "event: shipped, attributes: {lines: {gt: 5, lt: 3}}",
            "c.yaml:9: milestones[1].match.attributes.lines: can never hold: the lower bound is above the upper one",
            id="a match that can never hold",
        ),
        pytest.param(
            "event: shipped",
            "event: shipped, attributes: {lines: {gt: 5, lte: 5}}",
            "c.yaml:9: milestones[1].match.attributes.lines: can never hold: the bounds leave no number between them",
            id="a range with nothing in it",
        ),
        pytest.param(
            "event: shipped",
            "event: shipped, attributes: {test: {exists: false, pattern: x}}",
            "c.yaml:9: milestones[1].match.attributes.test: can never hold: the attribute is to be missing and to have "
            "a value",
            id="an attribute that is to be missing and to be something",
        ),
        pytest.param(
            "event: placed",
            "event: placed, service: shop-front",
            "c.yaml:8: milestones[0].match.service: no service of `shop` is called that (did you mean `storefront`?)",
            id="a service that its system does not have",
        ),
        pytest.param(
            "event: placed",
            'event: placed, service: "erp-*"',
            "c.yaml:8: milestones[0].match.service: no service of `shop` is called that (known here: storefront)",
            id="a glob that no service of the system can produce",
        ),
        pytest.param(
            "event: placed",
            "event: placed, service: {pattern: '^back'}",
            "c.yaml:8: milestones[0].match.service: no service of `shop` is called that (known here: storefront)",
            id="a pattern that no service of the system fits",
        ),
        pytest.param(
            "event: shipped",
            "span: ship, service: wms, source: erp",
            "c.yaml:9: milestones[1].match.source: can never hold: the source of a span is its service, which is "
            "another here",
            id="a span whose source is not its service",
        ),
        pytest.param(
            "event: shipped",
            "event: shipped, status: error",
            "c.yaml:9: milestones[1].match.status: has no effect: an event has no status, only a span has",
            id="a status asked of an event",
        ),
        pytest.param(
            "event: shipped",
            "event: shipped, attributes: {rate: [0.5, 1.50], code: 007, version: '1.0', share: {gte: 1.0}}",
            "c.yaml:9: milestones[1].match.attributes.rate: `1.50` is asked for as text, and a number comes as `1.5` "
            '(put "1.50" in quotes where it is sent as text)',
            id="a number written as no number comes",
        ),
        pytest.param(
            "from: placed, to: shipped, within: 4h",
            "from: placed, to: shipped, tiers: [{where: {attributes: {rate: 1.0}}, within: 4h}]",
            "c.yaml:11: slas[0].tiers[0].where.attributes.rate: `1.0` is asked for as text, and a number comes as `1` "
            '(put "1.0" in quotes where it is sent as text)',
            id="a number of a tier written as no number comes",
        ),
        pytest.param(
            "{event: placed}}",
            "{event: [placed, shipped]}}\n  - {id: again, match: {event: [shipped, placed]}}",
            "c.yaml:9: milestones[1].match: matches exactly what `placed` matches: every record is an event of both",
            id="two milestones of one record, written in another order",
        ),
        pytest.param(
            "[storefront]}\n",
            "[storefront]}\n  - {id: erp}\n",
            "c.yaml:14: systems[1]: no milestone names `erp`: it will never be seen",
            id="a system that no milestone names",
        ),
        pytest.param(
            "{severity: high}, rec",
            "{owner: finance}, rec",
            "c.yaml:2: owner: every route goes by owner and none names `logistics`: nobody is told",
            id="an owner whom no route tells",
        ),
        pytest.param(
            "event: shipped",
            'event: "shipped "',
            "c.yaml:9: milestones[1].match.event: begins or ends with a space",
            id="a name with a space that nobody sees",
        ),
        pytest.param(
            "severity: high}, rec",
            "severity: critical}, rec",
            "c.yaml:17: routes[0].match.severity: nothing in this catalog has the severity `critical` "
            "(known here: high)",
            id="a route that no alert takes",
        ),
        pytest.param(
            "match: {severity: high}",
            "match: {severty: high}",
            "c.yaml:17: routes[0].match.severty: no alert has a label `severty` (did you mean `severity`?)",
            id="a route by a label that no alert has",
        ),
        pytest.param(
            "routes:\n",
            'routes:\n  - {id: all, receivers: [{webhook: "https://example.org/hook"}]}\n',
            "c.yaml:18: routes[1]: is never asked: `all` before it takes every alert (give that `continue: true`)",
            id="a route behind one that takes all",
        ),
        pytest.param(
            "[storefront]}\n",
            "[storefront]}\n  - {id: erp, services: [storefront]}\n",
            "c.yaml:14: systems[1].services[0]: `storefront` is also a service of `shop`",
            id="one service of two systems",
        ),
        pytest.param(
            "zone: Europe/Berlin, ",
            "",
            "c.yaml:15: calendars.work: has no `zone`: its hours are in UTC",
            id="a calendar without a zone",
        ),
        pytest.param(
            ", calendar: work",
            "",
            "c.yaml:15: calendars.work: no SLA and no system uses this calendar",
            id="a calendar nobody uses",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_named(old: str, new: str, expected: str) -> None:
    assert old in TEXT
    assert expected in warnings(TEXT.replace(old, new))


KEYS = """workflow: shipping
keys:
  order: {patterns: [{span: '^POST /orders/(?P<order>[0-9]+)'}]}
  delivery: {attributes: [delivery.id]}
  label: {patterns: [{body: 'label (?P<label>[0-9]+)'}]}
root: order
milestones:
  - {id: placed, match: {span: "POST /orders/*"}}
  - {id: shipped, match: {event: shipped}, ends: completed}
"""


def test_a_key_is_linked_where_one_record_can_carry_it_and_a_key_nearer_to_the_root() -> None:
    assert warnings(KEYS) == []
    within = "match: {span: ship, event: shipped}"
    apart = KEYS.replace("  delivery: {attributes: [delivery.id]}\n", "")
    assert warnings(apart) == [
        "c.yaml:4: keys.label: nothing links it: no record can carry it and a key nearer to the root"
    ]
    assert warnings(KEYS.replace("match: {event: shipped}", within)) == [
        "c.yaml:5: keys.label: is never found: no milestone is reached by a log record"
    ]
    assert warnings(KEYS.replace("body:", "event:").replace("match: {event: shipped}", within)) == []


def test_a_route_may_ask_for_every_label_that_alerts_have() -> None:
    for label in ("key", "per", "verdict", "alertname"):
        assert warnings(TEXT.replace("match: {severity: high}", f"match: {{severity: high, {label}: x}}")) == []
    [warning] = warnings(TEXT.replace("match: {severity: high}", "match: {severity: high, kind: x}"))
    assert "no alert has a label `kind`" in warning


def test_a_catalog_without_a_workflow_follows_nothing() -> None:
    assert warnings("systems: [{id: erp}]") == ["c.yaml: no workflow is declared: nothing will be followed"]


def test_a_route_for_several_severities_needs_only_one_that_exists() -> None:
    assert warnings(TEXT.replace("{severity: high}, rec", "{severity: [high, critical]}, rec")) == []


def test_a_catalog_that_was_not_read_from_files_can_be_looked_at_too() -> None:
    read = load_catalog(GOOD)
    made = Catalog(read.workflows, read.systems, read.calendars, read.routes)
    assert all(warning.line == 0 for warning in catalog_warnings(made))


def test_a_parallel_group_stands_together() -> None:
    text = KEYS.replace("shipped}, ends", "shipped}, parallel: rest, ends").replace(
        'orders/*"}}', 'orders/*"}, parallel: rest}'
    )
    apart = text.replace("  - {id: shipped", "  - {id: checked, match: {event: checked}}\n  - {id: shipped")
    assert warnings(text) == []
    [warning] = warnings(apart)
    assert warning.startswith(
        "c.yaml:10: milestones[2].parallel: comes back to the group `rest` after `checked`, which"
    )
    assert warnings(apart.replace("root: order", "root: order\nexpected_order: any")) == []
