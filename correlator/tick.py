"""The tick: takes committed segments that a workflow's definition has not seen yet, and derives again what they change.

How one batch is stitched is in `derivation`; the segments are marked last of all.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from collector import logs_of_segments, spans_of_segments
from correlator.backlog import Backlog, WaitingSegment
from correlator.compiling import Extraction, in_parts, kept_names
from correlator.definition import adopt, outdated, record
from correlator.derivation import HUB_LIMIT, Derivation
from correlator.feed import latest_version
from correlator.rebuild import (
    Rebuild,
    allow_merges,
    begin,
    bereft,
    finish,
    has_lost,
    not_begun,
    opened,
    running,
    shadow_tenant,
    switch,
)
from correlator.stored_filter import FILTERED, StoredFilter
from model import Catalog, Clock, ThroughlineError, Workflow, microseconds
from store import Sql, StatementFailed, Store, load_query, side_by_side, spliced

ROWS_PER_BATCH = 250_000
"""Raw rows taken at once: it bounds the memory of a tick at about a kilobyte a row, and large enough to be cheap."""

_MUCH = 50_000

_PLANNING = "query_plan_lift_up_union = 0, query_plan_merge_expressions = 0, query_plan_remove_unused_columns = 0"


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did; `version` is that of the last finished tick, `more` whether segments are still waiting.

    `live` are the workflows whose rows are kept up to date, those that are rebuilt beside left out; `behind` those of
    them that segments are still waiting for.
    """

    segments: int
    events: int
    version: int
    more: bool = False
    live: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()


class WorkflowsHeldUp(ThroughlineError):
    """Of some workflows ClickHouse refuses a statement: they wait. What was to be done for the others is done.

    `report` is of that, `reasons` are by workflow.
    """

    def __init__(self, report: TickReport, reasons: Mapping[str, str]) -> None:
        whose: dict[str, list[str]] = {}
        for workflow, reason in reasons.items():
            whose.setdefault(reason, []).append(workflow)
        told = (f"workflow {', '.join(names)} is held up: {reason}" for reason, names in whose.items())
        super().__init__("; ".join(told))
        self.report = report
        self.reasons = dict(reasons)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Segments for workflows that lack the same ones: where their rows go, and under which tenant they are marked."""

    workflows: tuple[Workflow, ...]
    segments: dict[str, list[str]]
    rows_to: Store
    marked_for: str

    @property
    def ids(self) -> list[str]:
        return [each for ids in self.segments.values() for each in ids]


@dataclass(frozen=True, slots=True)
class _Stitched:
    """What became of a batch of segments."""

    ids: list[str]
    events: int
    version: int


class Correlator:
    """Stitches; one per store, since ticks share scratch tables. A second call waits for the first."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        rows_per_batch: int = ROWS_PER_BATCH,
        hub_limit: int = HUB_LIMIT,
        filtered_from: int = FILTERED,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rows_per_batch = rows_per_batch
        self._hub_limit = hub_limit
        self._filtered_from = filtered_from
        self._filters: dict[str, StoredFilter] = {}
        self._lock = threading.Lock()
        self._extractions: dict[tuple[tuple[str, str, tuple[str, ...]], ...], tuple[Extraction, ...]] = {}
        self._adopted: dict[tuple[str, str], str] = {}
        self._backlogs: dict[str, Backlog] = {}
        self._has_begun = False

    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        """Stitch one batch for every set of workflows that lacks the same segments: live, new and rebuilt ones.

        Raises `WorkflowsHeldUp` at its end where ClickHouse refuses what some of them ask.
        """
        with self._lock:
            if not self._has_begun:
                allow_merges(self._store)
                self._has_begun = True
            live, rebuilt = self._adopt(tenant, catalog)
            held_up: dict[str, str] = {}
            batches, behind = self._batches(tenant, live, self._store, tenant)
            reports = self._stitch_each(tenant, batches, held_up)
            more = bool(behind)
            versions = [each.version for each in reports]
            if rebuilt:
                again, more_again = self._rebuild(tenant, rebuilt, held_up)
                reports += again
                more |= more_again
                versions = versions if more_again else []
            report = TickReport(
                segments=len({each for report in reports for each in report.ids}),
                events=sum(each.events for each in reports),
                version=versions[-1] if versions else latest_version(self._store, tenant),
                more=more,
                live=frozenset(each.name for each in live),
                behind=behind,
            )
            if held_up:
                raise WorkflowsHeldUp(report, held_up)
            return report

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
        resting = outdated(self._store, tenant, rebuilt) if rebuilt else set()
        live = [each for each in catalog.workflows if each.name not in resting]
        return tuple(live), rebuilt

    def _rebuild(
        self, tenant: str, rebuilt: dict[Workflow, Rebuild], held_up: dict[str, str]
    ) -> tuple[list[_Stitched], bool]:
        """A batch of the rebuilds, which are switched where there is nothing more for them; whether there is.

        One that is held up begins anew once the others are switched, one that has lost received rows at once.
        """
        marked_for = shadow_tenant(tenant)
        with opened(self._store, tenant) as apart:
            waiting = not_begun(apart, rebuilt.values())
            self._begin(apart, tenant, {each: rebuild for each, rebuild in rebuilt.items() if rebuild in waiting})
            batches, behind = self._batches(tenant, tuple(rebuilt), apart, marked_for)
            more = bool(behind)
            stuck: dict[str, str] = {}
            reports = self._stitch_each(tenant, batches, stuck)
            held_up |= stuck
            rebuilt = {each: rebuild for each, rebuild in rebuilt.items() if each.name not in stuck}
            if not more:
                begun = rebuilt.items()
                lost = {each: rebuild for each, rebuild in begun if has_lost(self._store, apart, tenant, rebuild)}
                self._begin(apart, tenant, lost)
                more = bool(lost)
            if rebuilt and not more:
                now = self._clock.now()
                version = max(microseconds(now), latest_version(apart, tenant)) + 1  # the switch's is higher
                run = self._derivation(apart, tenant, version, tuple(rebuilt))
                for each in rebuilt.values():
                    for _ in bereft(self._store, apart, tenant, each):
                        run.execute("write_instances")
                switch(self._store, apart, tenant, [each.name for each in rebuilt], now)
                record(self._store, tenant, list(rebuilt), now)
                finish(self._store, apart, tenant, rebuilt.values(), now)
                self._filters.pop(apart.database, None)
                self._backlogs.clear()
            return reports, more

    def _begin(self, apart: Store, tenant: str, rebuilt: dict[Workflow, Rebuild]) -> None:
        for workflow, rebuild in rebuilt.items():
            begin(self._store, apart, tenant, workflow, rebuild)
            self._backlogs.pop(shadow_tenant(tenant), None)

    def _batches(
        self, tenant: str, workflows: tuple[Workflow, ...], rows_to: Store, marked_for: str
    ) -> tuple[list[_Batch], frozenset[str]]:
        """What is to be stitched in this tick, and the workflows there is more for."""
        if not workflows:
            return [], frozenset()
        backlog = self._backlogs.setdefault(marked_for, Backlog(self._store, tenant, marked_for))
        groups: dict[tuple[str, ...], list[WaitingSegment]] = {}
        for segment in backlog.look(workflows, self._clock.now()):
            groups.setdefault(segment.pending, []).append(segment)
        named = {each.name: each for each in workflows}
        batches: list[_Batch] = []
        behind: set[str] = set()
        for names, waiting in groups.items():
            taken: dict[str, list[str]] = {}
            total = 0
            for segment in waiting:
                if total and total + segment.rows > self._rows_per_batch:
                    behind.update(names)
                    break
                total += segment.rows
                taken.setdefault(segment.signal, []).append(segment.id)
            batches.append(_Batch(tuple(named[name] for name in names), taken, rows_to, marked_for))
        return batches, frozenset(behind)

    def _stitch_each(self, tenant: str, batches: Sequence[_Batch], held_up: dict[str, str]) -> list[_Stitched]:
        """What became of the batches; why workflows are held up is added to `held_up`.

        Where ClickHouse refuses a statement, each workflow of the batch is stitched by itself.
        """
        done: list[_Stitched] = []
        for batch in batches:
            try:
                done.append(self._stitch(tenant, batch))
            except StatementFailed as error:
                if len(batch.workflows) == 1:
                    held_up[batch.workflows[0].name] = str(error)
                else:
                    alone = [replace(batch, workflows=(each,)) for each in batch.workflows]
                    done += self._stitch_each(tenant, alone, held_up)
        return done

    def _stitch(self, tenant: str, batch: _Batch) -> _Stitched:
        now, store = self._clock.now(), batch.rows_to
        # Two apart, since a tick may write with the version below its own.
        version = max(microseconds(now), latest_version(store, tenant) + 2)
        run = self._derivation(store, tenant, version, batch.workflows)
        run.empty()
        self._extract(tenant, batch)
        events = run.derive()
        counts = {"segments": len(batch.ids), "events": events}
        write_tick = load_query("correlator", "write_tick")
        store.execute(write_tick, {"tenant": tenant, "version": version, "at": now, **counts})
        if events:
            # Last: what is read of a system is in the instances of whatever version is read thereafter.
            run.execute("write_systems")
        names, hashes = [each.name for each in batch.workflows], [each.hash for each in batch.workflows]
        marks = {"workflows": names, "definitions": hashes, "segment_ids": batch.ids, "at": now}
        self._store.execute(load_query("correlator", "write_stitched"), {"tenant": batch.marked_for, **marks})
        self._backlogs[batch.marked_for].stitched(batch.ids, names)
        if events > _MUCH:
            run.empty()  # memory that the next tick may be long in coming to free
        return _Stitched(batch.ids, events, version)

    def _derivation(self, store: Store, tenant: str, version: int, workflows: tuple[Workflow, ...]) -> Derivation:
        stored = self._filters.setdefault(store.database, StoredFilter(self._filtered_from))
        return Derivation(store, tenant, version, workflows, stored, self._hub_limit)

    def _extract(self, tenant: str, batch: _Batch) -> None:
        for signal, ids in batch.segments.items():
            received = (spans_of_segments if signal == "traces" else logs_of_segments)(tenant, ids)
            statements = [
                extraction_of(each, signal, received)
                for each in self._extraction(batch.workflows)
                if signal == "traces" or each.logs
            ]
            _extract_signal(batch.rows_to, tenant, signal, received, statements)

    def _extraction(self, workflows: tuple[Workflow, ...]) -> tuple[Extraction, ...]:
        # What events keep for SLAs is in no hash of a definition.
        key = tuple((each.name, each.hash, kept_names(each)) for each in workflows)
        if key not in self._extractions:
            if len(self._extractions) > 32:
                self._extractions.clear()
            self._extractions[key] = in_parts(workflows)
        return self._extractions[key]


def _extract_signal(store: Store, tenant: str, signal: str, received: Sql, statements: Sequence[Sql]) -> None:
    def events() -> None:
        for each in statements:
            store.execute(each)

    if signal == "logs":
        side_by_side(lambda: _extract_corrections(store, tenant, received), events)
    else:
        events()


def _extract_corrections(store: Store, tenant: str, received: Sql) -> None:
    # Rare: to see whether there are any takes a third of the time.
    if store.value(spliced("correlator", "count_corrections", received=received)):
        corrections = spliced("correlator", "stage_corrections", received=received)
        store.execute(Sql(corrections.text, {**corrections.params, "tenant": tenant}))


def extraction_of(extraction: Extraction, signal: str, received: Sql) -> Sql:
    """The statement that puts the business events among received rows of a signal (`traces`, `logs`) into scratch.

    Planning it is a good part of a small tick: the plan of all that follows is not made twice, for spans and for the
    events in them, and expressions stay where they stand, which saves a sixth and computes nothing twice.
    """
    body = extraction.spans if signal == "traces" else extraction.logs
    return Sql(
        f"INSERT INTO stage_events ({', '.join(extraction.columns)}) SETTINGS {_PLANNING}\n"
        f"WITH received AS (\n{received.text}\n)\n{body}",
        received.params,
    )
