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
from correlator.definition import adopt, is_live, record
from correlator.derivation import HUB_LIMIT, Derivation
from correlator.feed import latest_version
from correlator.rebuild import Rebuild, finish, running, shadow_tenant, switch
from correlator.splicing import spliced
from model import Catalog, Clock, Workflow
from store import Sql, Store

ROWS_PER_BATCH = 250_000
"""Raw rows taken at once: it bounds the memory of a tick at about a kilobyte a row, and large enough to be cheap."""

_MUCH = 50_000
_SWEEP_EVERY = timedelta(minutes=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_BACK = timedelta(minutes=1)
"""Clocks of the processes that commit and stitch may differ by so much without waiting for a sweep."""


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did; `version` is that of the last finished tick, `more` whether segments are still waiting."""

    segments: int
    events: int
    instances: int
    version: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """The last look for segments, and the last one that looked for all there are."""

    at: datetime
    swept_at: datetime
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Segments of a tenant for workflows that lack the same ones; a rebuild's rows go to a tenant of their own."""

    workflows: tuple[Workflow, ...]
    segments: dict[str, list[str]]
    rows_to: str

    @property
    def ids(self) -> list[str]:
        return [each for ids in self.segments.values() for each in ids]


class Correlator:
    """Stitches; one per store, since ticks share scratch tables. A second call waits for the first."""

    def __init__(
        self, store: Store, clock: Clock, *, rows_per_batch: int = ROWS_PER_BATCH, hub_limit: int = HUB_LIMIT
    ) -> None:
        self._store = store
        self._clock = clock
        self._rows_per_batch = rows_per_batch
        self._hub_limit = hub_limit
        self._lock = threading.Lock()
        self._extractions: dict[tuple[str, ...], tuple[Extraction, ...]] = {}
        self._adopted: dict[tuple[str, str], str] = {}
        self._looks: dict[str, _Look] = {}

    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        """Stitch one batch for every set of workflows that lacks the same segments: live, new and rebuilt ones."""
        with self._lock:
            live, rebuilt = self._adopt(tenant, catalog)
            batches, more, look = self._waiting(tenant, tenant, live)
            again, more_again, _ = self._waiting(tenant, shadow_tenant(tenant), tuple(rebuilt))
            batches += again
            reports = [self._stitch(tenant, batch) for batch in batches]
            # A look counts only once all that it found is stitched: not where there is more, or a tick fails.
            if look is not None and not more:
                self._looks[tenant] = look
            if not more_again:
                for workflow, found in rebuilt.items():
                    self._switch(tenant, workflow, found)
            return TickReport(
                segments=len({each for batch in batches for each in batch.ids}),
                events=sum(each.events for each in reports),
                instances=sum(each.instances for each in reports),
                version=latest_version(self._store, tenant),
                more=more or more_again,
            )

    def _adopt(self, tenant: str, catalog: Catalog) -> tuple[tuple[Workflow, ...], dict[Workflow, Rebuild]]:
        """The workflows whose live rows are to be kept up to date, and those that are being rebuilt."""
        changed = [each for each in catalog.workflows if self._adopted.get((tenant, each.name)) != each.hash]
        if changed:
            adopt(self._store, tenant, changed, self._clock.now())
            self._adopted.update({(tenant, each.name): each.hash for each in changed})
        found = running(self._store, tenant)
        rebuilt = {
            each: found[each.name]
            for each in catalog.workflows
            if each.name in found and found[each.name].definition == each.hash
        }
        live = [each for each in catalog.workflows if each not in rebuilt or is_live(self._store, tenant, each)]
        return tuple(live), rebuilt

    def _switch(self, tenant: str, workflow: Workflow, found: Rebuild) -> None:
        now = self._clock.now()
        switch(self._store, tenant, workflow, found, now)
        record(self._store, tenant, [workflow], now)
        finish(self._store, tenant, found, now)
        self._looks.clear()

    def _waiting(
        self, tenant: str, rows_to: str, workflows: tuple[Workflow, ...]
    ) -> tuple[list[_Batch], bool, _Look | None]:
        if not workflows:
            return [], False, None
        now = self._clock.now()
        hashes = tuple(each.hash for each in workflows)
        last = self._looks.get(rows_to)
        # What was committed since the last look; now and then, and where anything has changed, whatever there is.
        is_sweep = last is None or last.hashes != hashes or now - last.swept_at >= _SWEEP_EVERY
        since = _EPOCH if is_sweep or last is None else last.at - _LOOK_BACK
        rows = self._store.rows(
            spliced("unstitched_segments", segments=committed_segments()),
            {
                "tenant": tenant,
                "derived_tenant": rows_to,
                "workflows": [each.name for each in workflows],
                "definitions": list(hashes),
                "committed_from": since,
            },
        )
        batches, more = self._batches(workflows, rows, rows_to)
        return batches, more, _Look(now, now if is_sweep or last is None else last.swept_at, hashes)

    def _batches(
        self, workflows: tuple[Workflow, ...], rows: Sequence[dict[str, Any]], rows_to: str
    ) -> tuple[list[_Batch], bool]:
        named = {each.name: each for each in workflows}
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
            batches.append(_Batch(tuple(named[name] for name in names), taken, rows_to))
        return batches, more

    def _stitch(self, tenant: str, batch: _Batch) -> TickReport:
        now = self._clock.now()
        # Two apart, since a tick may write with the version below its own.
        version = max(_microseconds(now), latest_version(self._store, batch.rows_to) + 2)
        run = Derivation(self._store, batch.rows_to, version, batch.workflows, self._hub_limit)
        run.empty()
        self._extract(tenant, batch)
        derived = run.derive()
        self._store.insert(
            "correlator_ticks",
            ("tenant", "version", "at", "segments", "events", "instances"),
            [(batch.rows_to, version, now, len(batch.ids), derived.events, derived.instances)],
        )
        self._store.insert(
            "stitched_segments",
            ("tenant", "workflow", "definition", "segment_id", "stitched_at"),
            [(batch.rows_to, each.name, each.hash, segment, now) for each in batch.workflows for segment in batch.ids],
        )
        if derived.events > _MUCH:
            run.empty()  # memory that the next tick may be long in coming to free
        return TickReport(len(batch.ids), derived.events, derived.instances, version)

    def _extract(self, tenant: str, batch: _Batch) -> None:
        for signal, ids in batch.segments.items():
            received = (spans_of_segments if signal == "traces" else logs_of_segments)(tenant, ids)
            for extraction in self._extraction(batch.workflows):
                if signal == "traces" or extraction.logs:
                    self._store.execute(extraction_of(extraction, signal, received))
            if signal == "logs":
                corrections = spliced("stage_corrections", received=received)
                self._store.execute(Sql(corrections.text, {**corrections.params, "tenant": batch.rows_to}))

    def _extraction(self, workflows: tuple[Workflow, ...]) -> tuple[Extraction, ...]:
        key = tuple(f"{each.name}:{each.hash}" for each in workflows)
        if key not in self._extractions:
            if len(self._extractions) > 32:
                self._extractions.clear()
            self._extractions[key] = in_parts(workflows)
        return self._extractions[key]


def extraction_of(extraction: Extraction, signal: str, received: Sql) -> Sql:
    """The statement that puts the business events among received rows of a signal (`traces`, `logs`) into scratch.

    Planning it is a good part of a small tick: the plan of all that follows is not made twice, for spans
    and for the events in them.
    """
    body = extraction.spans if signal == "traces" else extraction.logs
    return Sql(
        f"INSERT INTO stage_events ({', '.join(extraction.columns)}) SETTINGS query_plan_lift_up_union = 0\n"
        f"WITH received AS (\n{received.text}\n)\n{body}",
        received.params,
    )


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
