"""Ticks: from what changed and what is due to clocks, verdicts and the ledger.

How a tick works, and why a crash anywhere in it only repeats work:

1. It takes the instances the correlator has recomputed since the last applied tick and those with an event whose time
   has come, works out their clocks anew and judges them; then the clocks whose own moment of change has come.
2. Judging is a function of the stored data and `as_of`. News is what differs from the clock's row. A clock made of the
   same as when a finished tick stored it is not judged again with its instance.
3. The ledger is appended first, then the clocks and their wake-ups are stored, and last of all the tick itself. A
   tick that did not finish is done again from the same beginning; what it had appended is known by its place in the
   ledger, after the place the last finished tick ended at.
4. Large sets are taken in shares by a hash, so that memory is bounded.
5. What is stitched meanwhile cannot make a kept promise look broken. How far a system has come decides whether its
   silence is a breach; so that is read first, and the version up to which instances are judged thereafter. The
   correlator writes of its ticks first the instances, then the version, then how far systems have come: what is read
   of a system is in instances of that version, answers included.
6. What a rebuild's switch alone has changed, about the time before that rebuild began and before the last tick, is
   appended as a correction, of which nobody is told. What became valid later is news: the rebuild only delayed it.
7. Until the rows of a workflow are made anew after a change of its definition, they stand still while its systems go
   on: judging them would break promises that are kept. Its promises rest until then, and are all judged thereafter.

Ticks never overlap within a process. That one engine at a time runs over a store is the lease's care (`lease`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from correlator import changed_instances, known_instances, latest_version, outdated_workflows, system_progress
from model import Clock, microseconds
from sla_engine.calendar_table import CalendarTable
from sla_engine.maintenance import maintenance_told
from sla_engine.progress import moved, progress_told
from sla_engine.tick import LastTick, Tick, by_workflow
from sla_engine.versions import ALWAYS, Applied, SlaVersion, fingerprints, single_slas, sla_versions
from store import Store, load_query

CHANGES_KEPT = timedelta(days=29)
"""For how long the correlator surely remembers what it changed; an engine that was away for longer judges all anew."""

MOST_SPENT_WAKEUPS = 1_000_000
"""So many wake-ups that have been followed are left lying around before they are taken out."""

_WALL = ""
"""The axis of wake-ups by wall time; the others are systems."""


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did. `judged` counts clocks looked at, `appended` rows added to the ledger.

    `as_of` is that of the last applied tick: later than the one asked for where the tick had nothing to do.
    """

    as_of: datetime
    clocks_opened: int = 0
    judged: int = 0
    appended: int = 0


class SlaEngine:
    """Judges the clocks of all SLAs of a tenant."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        before_append: Callable[[], None] | None = None,
        most_spent_wakeups: int = MOST_SPENT_WAKEUPS,
        waits_for_rebuilds: bool = True,
    ) -> None:
        """`before_append` is called before every append to the ledger; what it raises ends the tick.

        Without `waits_for_rebuilds` rows are judged whichever definition of their workflow has made them.
        """
        self._waits_for_rebuilds = waits_for_rebuilds
        self._most_spent_wakeups = most_spent_wakeups
        self._store = store
        self._clock = clock
        self._before_append = before_append or _nothing
        self._calendars = CalendarTable(store)
        self._lock = threading.Lock()
        self._forgotten: dict[tuple[str, str], datetime] = {}
        """By tenant and axis, up to when wake-ups have been asked to be taken out."""

    def tick(self, tenant: str, catalog_history: Sequence[Applied], as_of: datetime | None = None) -> TickReport:
        """Judge by what is stored as of an instant (now where None is given); a no-op if not later than the last one.

        `catalog_history` is the tenant's applied catalogs, oldest first (`store.catalog_history`).
        """
        with self._lock:
            at = as_of or self._clock.now()
            last = self._last_tick(tenant)
            if at <= last.as_of:
                return TickReport(last.as_of)
            return self._apply(tenant, catalog_history, at, last)

    def _apply(self, tenant: str, history: Sequence[Applied], as_of: datetime, last: LastTick) -> TickReport:
        promised = sla_versions(history)
        rested = {each: last.judged_until(each) for each in self._resting(tenant, promised)}
        versions = [each for each in promised if each.workflow.name not in rested]
        seen = self._seen(tenant, versions, as_of)
        upto = latest_version(self._store, tenant)  # after what systems have said: see the notes above
        prints = fingerprints(versions)
        told = {**progress_told(versions, seen), **maintenance_told(versions)}
        tick = Tick(self._store, self._calendars, self._before_append, tenant, as_of, last, upto, told)
        is_gap = upto - last.version > CHANGES_KEPT // timedelta(microseconds=1)
        known = [each for each in versions if last.slas.get(each.sla.id) == prints[each.sla.id] and not is_gap]
        fresh = [each for each in versions if each not in known]
        tick.forget_feeds(known, fresh)
        tick.judge_changed(known, changed_instances(last.version, upto), same_before=microseconds(last.as_of))
        tick.judge_changed(fresh, known_instances(tenant))
        tick.judge_feeds(versions, {each.sla.id for each in fresh})
        tick.judge_due(sorted({each.sla.id for each in known}), moved(last.seen, seen))
        tick.judge_excused({each.sla.id for each in promised} - {each.sla.id for each in versions})
        tick.count()
        self._store.insert(
            "ticks",
            ("tenant", "as_of", "version", "seq", "slas", "seen", "single", "rested"),
            [(tenant, as_of, upto, tick.seq, prints, seen, single_slas(promised), rested)],
        )
        self._forget_wakeups(tenant, {_WALL: last.as_of, **last.seen})
        return TickReport(as_of, tick.tally.opened, tick.tally.judged, tick.tally.appended)

    def _resting(self, tenant: str, versions: Sequence[SlaVersion]) -> set[str]:
        if not self._waits_for_rebuilds:
            return set()
        return outdated_workflows(self._store, tenant, [workflow for workflow, _ in by_workflow(versions)])

    def _forget_wakeups(self, tenant: str, followed: dict[str, datetime]) -> None:
        """Take wake-ups out once many have been followed: by axis, those before where the last tick stood.

        A clock that waits for a system is stored with a wake-up no earlier than where that system stands, and when it
        has come further, all from where it stood are followed: those before that have been, and none is read again.
        """
        since = {axis: self._forgotten.get((tenant, axis), ALWAYS) for axis in followed}
        params = {
            "tenant": tenant,
            "axes": list(followed),
            "before": [microseconds(each) for each in followed.values()],
            "latest": max(followed.values()),
        }
        own = {"since": [microseconds(each) for each in since.values()], "earliest": min(since.values())}
        spent = self._store.value(load_query("sla_engine", "spent_wakeups"), {**params, **own})
        if spent > self._most_spent_wakeups:
            self._store.execute(load_query("sla_engine", "forget_wakeups"), params)
            self._forgotten.update(((tenant, axis), before) for axis, before in followed.items())

    def _last_tick(self, tenant: str) -> LastTick:
        rows = self._store.rows(load_query("sla_engine", "last_tick"), {"tenant": tenant})
        return LastTick(**rows[0]) if rows else LastTick()

    def _seen(self, tenant: str, versions: Sequence[SlaVersion], as_of: datetime) -> dict[str, datetime]:
        wanted = {each.system.id for each in versions if each.system}
        if not wanted:
            return {}
        rows = self._store.rows(system_progress(tenant, as_of))
        return {row["system"]: row["seen_at"] for row in rows if row["system"] in wanted}


def _nothing() -> None:
    """Where one process owns the store there is nothing to ask."""
