"""Which definition made a workflow's derived rows, and what has to happen when the catalog has another one.

A workflow that has no rows yet is simply stitched. One whose definition has changed is rebuilt beside its live rows
(see `rebuild`): readers see the old rows until the new ones are complete.
"""

from __future__ import annotations

from datetime import datetime

from correlator.rebuild import begin, running
from model import Workflow
from store import Store, load_query


def adopt(store: Store, tenant: str, workflow: Workflow, now: datetime) -> bool:
    """Make the definition one by which ticks stitch; True where the workflow is being rebuilt.

    `now` is when it became the definition in force, where it is new.
    """
    known = store.value(load_query("correlator", "stitched_definition"), {"tenant": tenant, "workflow": workflow.name})
    if known is None:
        record(store, tenant, workflow, now)
        return False
    found = running(store, tenant, workflow.name)
    if known == workflow.hash:
        return found is not None and found.definition == workflow.hash
    if found is None or found.definition != workflow.hash:
        begin(store, tenant, workflow, now)
    return True


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
