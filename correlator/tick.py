"""The tick: takes committed segments that a workflow's definition has not seen yet, and derives again what they change.

How one batch is stitched is in `derivation`; the segments are marked last of all.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from collector import committed_segments, logs_of_segments, spans_of_segments
from correlator.compiling import Extraction, in_parts
from correlator.definition import adopt
from correlator.derivation import Derivation
from correlator.feed import latest_version
from correlator.splicing import spliced
from model import Catalog, Clock, Workflow
from store import Sql, Store

ROWS_PER_BATCH = 250_000
"""Raw rows taken at once: it bounds the memory of a tick at about a kilobyte a row, and large enough to be cheap."""

_SWEEP_EVERY = timedelta(minutes=2)
_LOOK_BACK = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did; `version` is that of the last finished tick, `more` whether segments are still waiting."""

    segments: int
    events: int
    instances: int
    version: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Batch:
    workflows: tuple[Workflow, ...]
    segments: dict[str, list[str]]

    @property
    def ids(self) -> list[str]:
        return [each for ids in self.segments.values() for each in ids]


class Correlator:
    """Stitches; one per store, since ticks share scratch tables. A second call waits for the first."""

    def __init__(self, store: Store, clock: Clock, *, rows_per_batch: int = ROWS_PER_BATCH) -> None:
        self._store = store
        self._clock = clock
        self._rows_per_batch = rows_per_batch
        self._lock = threading.Lock()
        self._extractions: dict[tuple[str, ...], tuple[Extraction, ...]] = {}
        self._adopted: dict[tuple[str, str], str] = {}
        self._swept: dict[str, tuple[datetime, tuple[str, ...]]] = {}

    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        """Stitch one batch for every set of workflows that lacks the same segments: live ones, and a new workflow's."""
        with self._lock:
            for workflow in catalog.workflows:
                self._adopt(tenant, workflow)
            batches, more = self._waiting(tenant, catalog)
            reports = [self._stitch(tenant, batch) for batch in batches]
            version = reports[-1].version if reports else latest_version(self._store, tenant)
            return TickReport(
                segments=len({each for batch in batches for each in batch.ids}),
                events=sum(each.events for each in reports),
                instances=sum(each.instances for each in reports),
                version=version,
                more=more,
            )

    def _adopt(self, tenant: str, workflow: Workflow) -> None:
        name = (tenant, workflow.name)
        if self._adopted.get(name) == workflow.hash:
            return
        if adopt(self._store, tenant, workflow, self._clock.now()):
            self._swept.pop(tenant, None)
        self._adopted[name] = workflow.hash

    def _waiting(self, tenant: str, catalog: Catalog) -> tuple[list[_Batch], bool]:
        if not catalog.workflows:
            return [], False
        now = self._clock.now()
        hashes = tuple(each.hash for each in catalog.workflows)
        at, known = self._swept.get(tenant, (datetime.min.replace(tzinfo=UTC), ()))
        # A segment may be committed long after it was opened: all of them are asked for now and then, and the young
        # ones always.
        sweep = known != hashes or now - at >= _SWEEP_EVERY
        rows = self._store.rows(
            spliced("unstitched_segments", segments=committed_segments()),
            {
                "tenant": tenant,
                "workflows": [each.name for each in catalog.workflows],
                "definitions": list(hashes),
                "floor": "" if sweep else f"{_microseconds(now - _LOOK_BACK):016x}",
            },
        )
        batches, more = self._batches(catalog, rows)
        if more:
            self._swept.pop(tenant, None)
        elif sweep:
            self._swept[tenant] = (now, hashes)
        return batches, more

    def _batches(self, catalog: Catalog, rows: Sequence[dict[str, Any]]) -> tuple[list[_Batch], bool]:
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(tuple(row["pending"]), []).append(row)
        batches, more = [], False
        for names, waiting in groups.items():
            taken: dict[str, list[str]] = {}
            total = 0
            for row in waiting:
                if total and total + row["rows"] > self._rows_per_batch:
                    more = True
                    break
                total += row["rows"]
                taken.setdefault(row["signal"], []).append(row["segment_id"])
            batches.append(_Batch(tuple(catalog.workflow(name) for name in names), taken))
        return batches, more

    def _stitch(self, tenant: str, batch: _Batch) -> TickReport:
        now = self._clock.now()
        # Two apart, since a tick may write with the version below its own.
        version = max(_microseconds(now), latest_version(self._store, tenant) + 2)
        run = Derivation(self._store, tenant, version, batch.workflows)
        run.empty()
        self._extract(tenant, batch)
        events = run.sizes()["events"]
        instances = 0
        if events:
            run.derive()
            instances = run.sizes()["instances"]
            run.execute("write_touched")
        self._store.insert(
            "correlator_ticks",
            ("tenant", "version", "at", "segments", "events", "instances"),
            [(tenant, version, now, len(batch.ids), events, instances)],
        )
        self._store.insert(
            "stitched_segments",
            ("tenant", "workflow", "definition", "segment_id", "stitched_at"),
            [(tenant, each.name, each.hash, segment, now) for each in batch.workflows for segment in batch.ids],
        )
        run.empty()
        return TickReport(len(batch.ids), events, instances, version)

    def _extract(self, tenant: str, batch: _Batch) -> None:
        for extraction in self._extraction(batch.workflows):
            for signal, ids in batch.segments.items():
                received = (spans_of_segments if signal == "traces" else logs_of_segments)(tenant, ids)
                body = extraction.spans if signal == "traces" else extraction.logs
                self._store.execute(
                    Sql(
                        f"INSERT INTO stage_events ({', '.join(extraction.columns)})\n"
                        f"WITH received AS (\n{received.text}\n)\n{body}",
                        received.params,
                    )
                )

    def _extraction(self, workflows: tuple[Workflow, ...]) -> tuple[Extraction, ...]:
        key = tuple(f"{each.name}:{each.hash}" for each in workflows)
        if key not in self._extractions:
            if len(self._extractions) > 32:
                self._extractions.clear()
            self._extractions[key] = in_parts(workflows)
        return self._extractions[key]


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
