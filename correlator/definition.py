"""Which definition made a workflow's derived rows, and what has to happen when the catalog has another one.

A workflow that has no rows yet is simply stitched. One whose definition has changed is rebuilt beside its live rows
(see `rebuild`): readers see the old rows until the new ones are complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from correlator.rebuild import abandon, request
from model import Workflow
from store import Store, load_query


def adopt(store: Store, tenant: str, workflows: Sequence[Workflow], now: datetime) -> None:
    """Make the definitions those by which ticks stitch: at once where a workflow is new, else by a rebuild.

    A definition that was changed back has its rows still; no rebuild goes on.
    """
    known = _made_by(store, tenant)
    record(store, tenant, [each for each in workflows if each.name not in known], now)
    for each in workflows:
        if known.get(each.name, each.hash) != each.hash:
            request(store, tenant, each, now)
        else:
            abandon(store, tenant, each, now)


def outdated(store: Store, tenant: str, workflows: Iterable[Workflow]) -> set[str]:
    """The workflows whose live rows another definition has made: they stand still until their rebuild is done."""
    known = _made_by(store, tenant)
    return {each.name for each in workflows if known.get(each.name, each.hash) != each.hash}


def record(store: Store, tenant: str, workflows: Sequence[Workflow], now: datetime) -> None:
    """The definitions by which the live rows are made."""
    store.insert(
        "stitched_definitions",
        ("tenant", "workflow", "definition", "since"),
        [(tenant, each.name, each.hash, now) for each in workflows],
    )


def _made_by(store: Store, tenant: str) -> dict[str, str]:
    rows = store.rows(load_query("correlator", "stitched_definitions"), {"tenant": tenant})
    return {row["workflow"]: row["definition"] for row in rows}
