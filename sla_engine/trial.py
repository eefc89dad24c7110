"""Trials: stored history judged by other definitions, in a database of its own beside the store's.

The engine itself judges. In the database of a trial this room's tables are new and those of other rooms are seen
through (`Merge` tables), so a trial says what a tick would say, and touches neither ledger nor clocks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from model import Catalog, ManualClock
from sla_engine.engine import SlaEngine
from sla_engine.versions import ALWAYS
from store import Store, load_query, migrate


@contextmanager
def trial(store: Store) -> Iterator[Store]:
    """A database with empty tables of this room, its excuses, and a view of everybody else's; gone afterwards."""
    name = f"{store.database}_trial_{uuid.uuid4().hex[:12]}"
    apart = store.beside(name)
    try:
        migrate(apart, ["sla_engine"])
        apart.execute(f"INSERT INTO excuses SELECT * FROM `{store.database}`.excuses")
        rows = apart.rows(
            load_query("sla_engine", "foreign_tables"), {"database": store.database, "lacking": apart.database}
        )
        for row in rows:
            apart.see_through(row["name"], store.database)
        yield apart
    finally:
        apart.execute(f"DROP DATABASE IF EXISTS `{name}` SYNC")
        apart.close()


def judge(
    apart: Store,
    tenant: str,
    catalog: Catalog,
    slas: Set[str],
    as_of: datetime,
    *,
    waited_from: Mapping[str, datetime] = MappingProxyType({}),
) -> None:
    """Judge all history of a trial by the named SLAs of a catalog, as if they had always been in force.

    A feed that was never heard is waited for from when `waited_from` says, by SLA; not at all where it says nothing.
    """
    since = {each: waited_from.get(each, ALWAYS) for each in slas}
    history = [
        _Applied(_only(catalog, {each for each in slas if since[each] <= at}), at) for at in sorted(set(since.values()))
    ]
    SlaEngine(apart, ManualClock(as_of), waits_for_rebuilds=False).tick(tenant, history, as_of)


@dataclass(frozen=True, slots=True)
class _Applied:
    catalog: Catalog
    effective_at: datetime


def _only(catalog: Catalog, slas: Set[str]) -> Catalog:
    workflows = (replace(each, slas=tuple(sla for sla in each.slas if sla.id in slas)) for each in catalog.workflows)
    return replace(catalog, workflows=tuple(workflows))
