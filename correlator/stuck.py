"""How long an instance may rest at a milestone before it is stuck: as declared, else as long as 99 of 100 others did.

Past waits are those of the latest instances of the workflow; fewer than 20 of them at a milestone say nothing.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from model import Clock, Outcome, Workflow
from store import Store, load_query

_FEWEST_WAITS = 20
_SAMPLE = 2000
_KEPT = timedelta(minutes=5)


class Patience:
    """Answers for all workflows; what it has counted is kept for five minutes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str, str], tuple[datetime, dict[str, timedelta]]] = {}

    def is_stuck(
        self, tenant: str, workflow: Workflow, status: str, milestone: str | None, last_event_at: datetime
    ) -> bool:
        """Whether an instance rests at its current milestone for too long."""
        if status != Outcome.IN_PROGRESS or milestone is None:
            return False
        declared = {each.id: each.stuck_after for each in workflow.milestones}
        allowed = declared.get(milestone) or self._usual(tenant, workflow).get(milestone)
        return allowed is not None and self._clock.now() - last_event_at > allowed

    def _usual(self, tenant: str, workflow: Workflow) -> dict[str, timedelta]:
        name = (tenant, workflow.name, workflow.hash)
        now = self._clock.now()
        with self._lock:
            at, found = self._counted.get(name, (None, {}))
        if at is None or now - at > _KEPT:
            rows = self._store.rows(
                load_query("correlator", "waits"),
                {"tenant": tenant, "workflow": workflow.name, "root": workflow.root, "sample": _SAMPLE},
            )
            found = {
                row["milestone"]: timedelta(microseconds=row["longest_us"])
                for row in rows
                if row["waits"] >= _FEWEST_WAITS
            }
            with self._lock:
                self._counted[name] = (now, found)
        return found
