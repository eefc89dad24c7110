"""The command `rebuild`: asks for it, lets the ticks do it, draws how far they are.

A running platform stitches by itself; without one the command ticks until the rebuild is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from correlator import Correlator, RebuildProgress, WorkflowsHeldUp, rebuild_progress, request_rebuild
from model import Catalog, NotFound, SystemClock, Workflow
from store import Store, active_catalog, audit
from throughline.commands import ACTOR
from throughline.control import Control
from throughline.settings import StoreSettings
from throughline.tables import open_there

_LOOK_SECONDS = 0.5


def rebuild_with_progress(settings: StoreSettings, workflow: str, tenant: str) -> None:
    """Rebuild a workflow and say what came of it; raises `NotFound` where it is not in the applied catalog."""
    running = Control.running(settings.data_dir)
    if running:
        _shown(workflow, _rebuilt_remotely(running, workflow, tenant))
        return
    with open_there(settings) as store:
        correlator = Correlator(store, SystemClock())
        _shown(workflow, rebuild_steps(store, workflow, tenant, lambda catalog: correlator.tick(tenant, catalog)))


def rebuild_steps(
    store: Store, workflow: str, tenant: str, tick: Callable[[Catalog], Any] | None
) -> Iterator[RebuildProgress]:
    """How far the rebuild is, until it is over; `tick` does a piece of it, None where somebody else does.

    Raises what holds up the workflow itself.
    """
    catalog = active_catalog(store, tenant)
    definition = _declared(catalog, workflow)
    assert catalog is not None  # noqa: S101 - the workflow is declared in it
    now = SystemClock().now()
    detail = {"definition": definition.hash}
    audit(store, tenant=tenant, actor=ACTOR, action="workflow.rebuilt", subject=workflow, detail=detail, at=now)
    request_rebuild(store, tenant, definition, now)
    while True:
        found = rebuild_progress(store, tenant, workflow)
        yield found
        if not found.is_running:
            return
        if tick is None:
            time.sleep(_LOOK_SECONDS)
        else:
            try:
                tick(catalog)
            except WorkflowsHeldUp as error:
                if workflow in error.reasons:
                    raise


def _declared(catalog: Catalog | None, workflow: str) -> Workflow:
    known = {each.name: each for each in catalog.workflows} if catalog else {}
    if workflow not in known:
        names = ", ".join(known) or "none"
        raise NotFound(f"No workflow {workflow!r} is in the applied catalog; it has: {names}.")
    return known[workflow]


def _rebuilt_remotely(running: Control, workflow: str, tenant: str) -> Iterator[RebuildProgress]:
    for line in running.stream("POST", "/rebuild", {"workflow": workflow, "tenant": tenant}):
        yield RebuildProgress(**line["progress"])


def progress_line(step: RebuildProgress) -> dict[str, Any]:
    """A step as it travels through the admin API."""
    return {"progress": asdict(step)}


def _shown(workflow: str, steps: Iterator[RebuildProgress]) -> None:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    began, rows = time.monotonic(), 0
    with bar:
        task = bar.add_task(workflow, total=0)
        for step in steps:
            rows = step.rows_total
            bar.update(task, total=rows, completed=step.rows_done)
    seconds = time.monotonic() - began
    Console().print(
        f"{workflow} was derived again from {rows:,} received rows in {seconds:.1f} s.", highlight=False, soft_wrap=True
    )
