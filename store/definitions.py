"""Which definitions were in force when, for each tenant, and the log of who did what.

A catalog is stored whole, as the files it was read from, so that reading it back gives what was applied; each workflow,
SLA, calendar and route that changed is stored beside it, as the page an auditor looks for. Append-only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from model import Catalog, catalog_from_sources, definition_bodies
from store.connection import Store
from store.sql import load_query

_COLUMNS = ("tenant", "kind", "name", "hash", "body", "actor", "effective_at")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AppliedCatalog:
    """A catalog with its hash, from when on it is in force, and who applied it."""

    catalog: Catalog
    hash: str
    effective_at: datetime
    actor: str


def apply_catalog(store: Store, catalog: Catalog, *, tenant: str, actor: str, at: datetime) -> bool:
    """Put a catalog in force from `at` on; False, and nothing written, where the active one means the same.

    Times of one tenant's catalogs only grow: an `at` not later than the active one's counts as a microsecond after it.
    """
    active = _latest(store, tenant)
    if active is not None and active["hash"] == catalog.hash:
        return False
    effective_at = max(at, active["effective_at"] + _MICROSECOND) if active is not None else at
    known = {
        (row["kind"], row["name"]): row["hash"]
        for row in store.rows(load_query("store", "latest_definitions"), {"tenant": tenant})
    }
    changed = [each for each in definition_bodies(catalog) if known.get((each.kind, each.name)) != each.hash]
    rows = [(tenant, each.kind, each.name, each.hash, each.body, actor, effective_at) for each in changed]
    rows.append((tenant, "catalog", "catalog", catalog.hash, _body(catalog), actor, effective_at))
    store.insert("definitions", _COLUMNS, rows)
    audit(
        store,
        tenant=tenant,
        actor=actor,
        action="catalog.applied",
        subject=catalog.hash,
        detail={"changed": [f"{each.kind} {each.name}" for each in changed], "effective_at": effective_at.isoformat()},
        at=at,
    )
    return True


def active_catalog(store: Store, tenant: str) -> Catalog | None:
    """The catalog applied last, or None."""
    row = _latest(store, tenant)
    return _catalog(row["body"]) if row else None


def catalog_history(store: Store, tenant: str) -> tuple[AppliedCatalog, ...]:
    """Every catalog applied for a tenant, oldest first."""
    rows = store.rows(load_query("store", "catalog_history"), {"tenant": tenant})
    return tuple(AppliedCatalog(_catalog(row["body"]), row["hash"], row["effective_at"], row["actor"]) for row in rows)


def tenants(store: Store) -> tuple[str, ...]:
    """The tenants for which a catalog was ever applied, sorted."""
    return tuple(row["tenant"] for row in store.rows(load_query("store", "tenants")))


def audit(
    store: Store, *, tenant: str, actor: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime
) -> None:
    """Append to the audit log; `action` reads `thing.done`, `detail` is kept as JSON."""
    text = json.dumps(detail, sort_keys=True, ensure_ascii=False)
    store.insert(
        "audit_log",
        ("tenant", "at", "actor", "action", "subject", "detail"),
        [(tenant, at, actor, action, subject, text)],
    )


def _latest(store: Store, tenant: str) -> dict[str, Any] | None:
    rows = store.rows(load_query("store", "active_catalog"), {"tenant": tenant})
    return rows[0] if rows else None


def _body(catalog: Catalog) -> str:
    return json.dumps([list(source) for source in catalog.sources], ensure_ascii=False)


@lru_cache(maxsize=64)
def _catalog(body: str) -> Catalog:
    """A stored catalog read back; remembered, because every tick asks for it."""
    return catalog_from_sources(_sources(body))


def _sources(body: str) -> Iterator[tuple[str, str]]:
    return ((path, text) for path, text in json.loads(body))
