"""Trials: stored history judged by other definitions, in a database of its own beside the store's.

The engine itself judges. In the database of a trial this room's tables are new and those of other rooms are seen
through (`Merge` tables), so a trial says what a tick would say, and touches neither ledger nor clocks.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

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
            table = row["name"]
            apart.execute(
                f"CREATE TABLE `{table}` AS `{store.database}`.`{table}` "
                f"ENGINE = Merge('{store.database}', '^{re.escape(table)}$')"
            )
        yield apart
    finally:
        apart.execute(f"DROP DATABASE IF EXISTS `{name}` SYNC")
        apart.close()


def judge(
    apart: Store, tenant: str, catalog: Catalog, slas: Set[str], as_of: datetime, *, waited_from: datetime = ALWAYS
) -> None:
    """Judge all history of a trial by the named SLAs of a catalog, as if they had always been in force.

    A feed that was never heard is waited for from `waited_from` on; not at all without one.
    """
    workflows = tuple(
        replace(each, slas=tuple(sla for sla in each.slas if sla.id in slas)) for each in catalog.workflows
    )
    applied = _Applied(replace(catalog, workflows=workflows), waited_from)
    SlaEngine(apart, ManualClock(as_of)).tick(tenant, [applied], as_of)


@dataclass(frozen=True, slots=True)
class _Applied:
    catalog: Catalog
    effective_at: datetime
