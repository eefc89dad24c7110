"""Which definition made a workflow's derived rows, and what has to happen when the catalog has another one.

A workflow that has no rows yet is simply stitched. One whose definition has changed is rebuilt beside its live rows
(see `rebuild`): readers see the old rows until the new ones are complete.
"""

from __future__ import annotations

from datetime import datetime

from correlator.rebuild import request
from model import Workflow
from store import Store, load_query


def adopt(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    """Make the definition one by which ticks stitch: at once where the workflow is new, else by a rebuild."""
    params = {"tenant": tenant, "workflow": workflow.name}
    known = store.value(load_query("correlator", "stitched_definition"), params)
    if known is None:
        record(store, tenant, workflow, now)
    elif known != workflow.hash:
        request(store, tenant, workflow, now)


def is_live(store: Store, tenant: str, workflow: Workflow) -> bool:
    """Whether the live rows are made by this definition."""
    params = {"tenant": tenant, "workflow": workflow.name}
    return bool(store.value(load_query("correlator", "stitched_definition"), params) == workflow.hash)


def record(store: Store, tenant: str, workflow: Workflow, now: datetime) -> None:
    """The definition by which the live rows are made."""
    store.insert(
        "stitched_definitions",
        ("tenant", "workflow", "definition", "since"),
        [(tenant, workflow.name, workflow.hash, now)],
    )
