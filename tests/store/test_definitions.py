"""Which catalog was in force when, and the log of who did what."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model import Catalog, catalog_from_sources, load_catalog
from store import Store, active_catalog, apply_catalog, audit, catalog_history, tenants

GOOD = Path(__file__).parents[1] / "catalog" / "good"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def catalog(within: str = "4h", *, title: str = "Shipping", comment: str = "") -> Catalog:
    text = f"""{comment}
workflow: shipping
title: {title}
keys: {{order: {{attributes: [order.id]}}}}
root: order
milestones:
  - {{id: placed, match: {{event: placed}}}}
  - {{id: shipped, match: {{event: shipped}}, ends: completed}}
slas:
  - {{id: shipped_in_time, from: placed, to: shipped, within: {within}, calendar: work}}
calendars:
  work: {{zone: Europe/Berlin, hours: {{mon-fri: "09:00-17:00"}}}}
"""
    return catalog_from_sources([("shipping.yaml", text)])


def test_an_applied_catalog_is_read_back_as_it_was(store: Store) -> None:
    applied = load_catalog(GOOD)
    assert apply_catalog(store, applied, tenant="default", actor="ann", at=NOON)
    assert active_catalog(store, "default") == applied
    (entry,) = catalog_history(store, "default")
    assert (entry.catalog, entry.hash, entry.effective_at, entry.actor) == (applied, applied.hash, NOON, "ann")


def test_nothing_is_in_force_before_the_first_catalog(store: Store) -> None:
    assert active_catalog(store, "default") is None
    assert catalog_history(store, "default") == ()
    assert tenants(store) == ()


def test_applying_what_is_in_force_already_changes_nothing(store: Store) -> None:
    assert apply_catalog(store, catalog(), tenant="default", actor="ann", at=NOON)
    later = NOON + timedelta(hours=1)
    assert not apply_catalog(store, catalog(comment="# a comment"), tenant="default", actor="ann", at=later)
    assert len(catalog_history(store, "default")) == 1
    assert store.value("SELECT count() FROM audit_log") == 1


def test_the_history_keeps_every_version_oldest_first_also_one_that_comes_back(store: Store) -> None:
    for hours, within in enumerate(("4h", "8h", "4h")):
        assert apply_catalog(store, catalog(within), tenant="default", actor="ann", at=NOON + timedelta(hours=hours))
    allowed = [entry.catalog.sla("shipped_in_time").within for entry in catalog_history(store, "default")]
    assert allowed == [timedelta(hours=4), timedelta(hours=8), timedelta(hours=4)]


def test_versions_applied_at_the_same_instant_keep_their_order(store: Store) -> None:
    for within in ("1h", "2h", "3h"):
        assert apply_catalog(store, catalog(within), tenant="default", actor="ann", at=NOON)
    history = catalog_history(store, "default")
    assert [entry.catalog.sla("shipped_in_time").within for entry in history] == [
        timedelta(hours=hours) for hours in (1, 2, 3)
    ]
    assert history[0].effective_at < history[1].effective_at < history[2].effective_at
    newest = active_catalog(store, "default")
    assert newest is not None
    assert newest.sla("shipped_in_time").within == timedelta(hours=3)


def test_only_definitions_whose_meaning_changed_get_a_row(store: Store) -> None:
    apply_catalog(store, catalog("4h"), tenant="default", actor="ann", at=NOON)
    apply_catalog(store, catalog("8h"), tenant="default", actor="ben", at=NOON + timedelta(hours=1))
    rows = store.rows(
        "SELECT kind, name, actor, body FROM definitions WHERE kind != 'catalog' ORDER BY effective_at, kind, name"
    )
    assert [(row["kind"], row["name"], row["actor"]) for row in rows] == [
        ("calendar", "work", "ann"),
        ("sla", "shipped_in_time", "ann"),
        ("workflow", "shipping", "ann"),
        ("sla", "shipped_in_time", "ben"),
    ]
    assert rows[3]["body"] == "{id: shipped_in_time, from: placed, to: shipped, within: 8h, calendar: work}\n"


def test_tenants_do_not_see_each_others_catalogs(store: Store) -> None:
    apply_catalog(store, catalog("4h"), tenant="prod", actor="ann", at=NOON)
    apply_catalog(store, catalog("8h"), tenant="dev", actor="ann", at=NOON)
    assert tenants(store) == ("dev", "prod")
    assert [entry.catalog.sla("shipped_in_time").within for entry in catalog_history(store, "prod")] == [
        timedelta(hours=4)
    ]


def test_an_applied_catalog_is_in_the_audit_log_with_its_actor(store: Store) -> None:
    apply_catalog(store, catalog(), tenant="default", actor="ann", at=NOON)
    (row,) = store.rows("SELECT * FROM audit_log")
    assert (row["tenant"], row["actor"], row["action"], row["at"]) == ("default", "ann", "catalog.applied", NOON)
    assert json.loads(row["detail"])["changed"] == ["workflow shipping", "sla shipped_in_time", "calendar work"]


def test_the_audit_log_keeps_what_it_is_given(store: Store) -> None:
    audit(
        store,
        tenant="default",
        actor="ann",
        action="clock.excused",
        subject="c1",
        detail={"reason": "störung"},
        at=NOON,
    )
    (row,) = store.rows("SELECT subject, detail FROM audit_log")
    assert row == {"subject": "c1", "detail": '{"reason": "störung"}'}
