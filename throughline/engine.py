"""The timers of a running platform: when to stitch, to judge, to notify. Each calls its room's tick and nothing else.

1. Ticks of one kind never overlap: one APScheduler job each, one instance at most, missed runs folded into one.
2. Stitching runs when the writer says segments are in, at most a second apart, and looks for itself every few seconds
   (another process may have written). Judging runs every `tick_seconds`, and soon after something was stitched.
3. The time is read here, once per tick, and handed down. Turns are taken by the machine's clock: where that is set
   back, they are moved to now, or none would come before it has caught up.
4. Before a tick its role must be held (`standby`): over a server another process may have taken over meanwhile.
5. A tick that fails is counted and tried again at its next turn; every tick is idempotent. What fails for one tenant,
   or in judging, keeps no other tenant and no alert from its turn; nor does one workflow hold up another.
6. What is known to be on its way could keep promises that look broken. So a tenant is judged once its data has been
   looked for, and waits (`PATIENCE` at most) while more has been accepted of it than was stitched at once. Nor is
   anybody told meanwhile what an earlier process has judged and not told: it may be over.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from alerting import Alerting
from correlator import Correlator, TickReport, WorkflowsHeldUp
from model import Catalog, Clock, SystemClock, ThroughlineError
from sla_engine import LEASE_SECONDS, LeaseLost, SlaEngine
from store import AppliedCatalog, Store, catalog_history, tenants
from throughline.given import GivenCatalog
from throughline.standby import Holding

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_IDLE_LOOKS = 10
_SAID_AGAIN = 60.0
"""Seconds between two lines of the log about the same failure of a tick."""

_WATCH_SECONDS = 1.0
"""How often the machine's clock is looked at."""

_SET_BACK_SECONDS = 1.0
"""By how much the machine's clock must have lost to be told; all below only shifts a turn."""

_NUMBER = re.compile(r"\d[\d.]*( ([KMGT]i)?B\b)?")

PATIENCE = timedelta(minutes=15)
"""For how long at most judging a tenant waits for what was accepted and is not stitched."""

_CLOCKS_APART = timedelta(minutes=1)
"""Clocks of machines that take each other's place may differ by so much."""


class Catalogs:
    """The applied catalogs of every tenant, read again when one has been applied, by whichever process.

    The one `given` at the start is applied to tenants that are new before they are read.
    """

    def __init__(self, store: Store, given: GivenCatalog | None = None) -> None:
        self._store = store
        self._given = given
        self._refreshing = threading.Lock()
        self._lock = threading.Lock()
        self._histories: dict[str, tuple[AppliedCatalog, ...]] = {}
        self._covered: frozenset[str] = frozenset()

    def refresh(self) -> None:
        """Read what has been applied since the last look."""
        # One at a time: what an earlier look found must not replace what a later one did.
        with self._refreshing:
            covered = self._given.apply() if self._given else frozenset()
            found = {tenant: catalog_history(self._store, tenant) for tenant in tenants(self._store)}
            with self._lock:
                self._histories, self._covered = found, covered

    def covers(self, tenant: str) -> bool:
        """Whether a tenant's data may be taken: not before the catalog given at the start, if any, was applied to it.

        Never waits, not even for a look that is under way.
        """
        return self._given is None or tenant in self._covered

    def history(self, tenant: str) -> tuple[AppliedCatalog, ...]:
        """Every catalog a tenant has had, oldest first."""
        with self._lock:
            return self._histories.get(tenant, ())

    def active(self, tenant: str) -> Catalog | None:
        """The catalog a tenant has now, or None."""
        history = self.history(tenant)
        return history[-1].catalog if history else None

    def tenants(self) -> tuple[str, ...]:
        """The tenants with a catalog."""
        with self._lock:
            return tuple(self._histories)


class Engine:
    """Runs the ticks of the roles it is given a collaborator for; None leaves that tick out."""

    def __init__(
        self,
        clock: Clock,
        catalogs: Catalogs,
        *,
        correlator: Correlator | None,
        sla_engine: SlaEngine | None,
        alerting: Alerting | None,
        tick_seconds: float,
        holding: Holding | None = None,
        is_arriving: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_arriving` says whether what was accepted of a tenant has long been waiting to be stored."""
        self._is_arriving = is_arriving or _nothing_arrives
        self._is_looked_for = correlator is None
        self._behind: set[str] = set()
        self._waits_since: dict[str, datetime] = {}
        self._clock = clock
        self._catalogs = catalogs
        self._correlator = correlator
        self._sla_engine = sla_engine
        self._alerting = alerting
        self._tick_seconds = tick_seconds
        self._holding = holding
        self._committed = threading.Event()
        self._stitched = threading.Event()
        self._looks = 0
        self._judged_at: datetime | None = None
        self.failures: Counter[str] = Counter()
        self.last_error: dict[str, str] = {}
        self._said_at: dict[str, float] = {}
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_clock, name="clock watch", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._every(2.0, "catalog", self._catalogs.refresh)
        if self._holding is not None:
            self._every(LEASE_SECONDS / 5, "lease", partial(self._holding.keep, self._taken_again))
        if self._correlator is not None:
            self._committed.set()  # look at once for what an earlier process has left
            self._every(_LOOK_SECONDS, "stitch", partial(self._stitch, self._correlator))
        if self._sla_engine is not None or self._alerting is not None:
            self._every(min(1.0, self._tick_seconds), "judge", self._judge)
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Let the running ticks end, begin no more."""
        self._ended.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)

    def segments_committed(self) -> None:
        """The writer has put segments into ClickHouse."""
        self._committed.set()

    def _every(self, seconds: float, name: str, tick: Callable[[], bool | None]) -> None:
        self._scheduler.add_job(self._guarded, _Turns(seconds), (name, tick), id=name)

    def _watch_clock(self) -> None:
        """Note 3: see to it that turns come also after the machine's clock was set back."""
        machine = SystemClock()  # whatever the clock of the ticks is
        ahead = machine.now().timestamp() - time.monotonic()
        while not self._ended.wait(_WATCH_SECONDS):
            before, ahead = ahead, machine.now().timestamp() - time.monotonic()
            if before - ahead < _SET_BACK_SECONDS:
                continue
            log.warning("this machine's clock was set back by %.0f seconds", before - ahead)
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=machine.now())

    def _guarded(self, name: str, tick: Callable[[], bool | None]) -> None:
        """Run a tick, which gives False where it was not its turn: its last error stands until a turn goes well.

        An outage fails several a second: the log is told of another error at once, of the same one every
        `_SAID_AGAIN`, and of its end.
        """
        try:
            if tick() is not False and self.last_error.pop(name, None) is not None:
                self._said_at.pop(name, None)
                log.info("the %s tick goes well again", name)
        except Exception as error:
            self.failures[name] += 1
            reason, now = _first_line(error), time.monotonic()
            is_another = _without_numbers(reason) != _without_numbers(self.last_error.get(name, ""))
            if is_another or now - self._said_at[name] >= _SAID_AGAIN:
                self._said_at[name] = now
                log.error("the %s tick failed and will be tried again: %s", name, reason)
            self.last_error[name] = reason
            if not isinstance(error, ThroughlineError):
                log.debug("details", exc_info=error)

    def _taken_again(self, role: str) -> None:
        if role == "alerting" and self._alerting is not None:
            self._alerting.delivery.begin_anew()

    def _stitch(self, correlator: Correlator) -> bool:
        self._looks += 1
        if not self._committed.is_set() and self._looks % _IDLE_LOOKS:
            return False
        self._committed.clear()
        self._check("correlator")

        def stitch(tenant: str) -> None:
            catalog = self._catalogs.active(tenant)
            if catalog is None:
                return
            # Asked first: what is stored in the course of a tick is not stitched by it.
            arrives = self._is_arriving(tenant)
            try:
                self._note(tenant, catalog, correlator.tick(tenant, catalog), arrives)
            except WorkflowsHeldUp as error:
                self._note(tenant, catalog, error.report, arrives)
                raise

        try:
            self._for_each_tenant(stitch)
        finally:
            self._is_looked_for = True
        return True

    def _note(self, tenant: str, catalog: Catalog, report: TickReport, arrives: bool) -> None:
        """What one tick has stitched: whether there is something to judge, and whether to wait for more."""
        is_behind = arrives or all_wait(report, catalog)
        (self._behind.add if is_behind else self._behind.discard)(tenant)
        if report.segments:
            self._stitched.set()
            self._committed.set()

    def _judge(self) -> bool:
        now = self._clock.now()
        # A clock that was set back makes the last turn one of the future: nothing to wait for.
        since = (now - self._judged_at).total_seconds() if self._judged_at else -1.0
        if 0 <= since < self._tick_seconds and not self._stitched.is_set():
            return False
        self._stitched.clear()
        self._judged_at = now
        sla_engine, alerting = self._sla_engine, self._alerting
        waiting: set[str] = set()

        def judge(tenant: str) -> None:
            if sla_engine is None:
                return
            self._check("sla_engine")
            if self._waits(tenant, now):
                waiting.add(tenant)
                self._stitched.set()  # look again soon
            else:
                _tell_if_ahead(sla_engine.tick(tenant, self._catalogs.history(tenant), now).as_of, now)

        def alert(tenant: str) -> None:
            if alerting is not None and tenant not in waiting:
                self._check("alerting")
                alerting.tick(tenant, self._catalogs.history(tenant)[-1].catalog, now)

        self._for_each_tenant(judge, alert)
        return True

    def _waits(self, tenant: str, now: datetime) -> bool:
        """Note 6: whether a tenant is not judged yet."""
        if self._correlator is not None and self._is_arriving(tenant):
            self._behind.add(tenant)  # until what has arrived is stitched
        if self._is_looked_for and tenant not in self._behind:
            self._waits_since.pop(tenant, None)
            return False
        since = self._waits_since.setdefault(tenant, now)
        if since == now:
            log.info("tenant %s is judged once what was accepted of it is stitched", tenant)
        return now - since < PATIENCE

    def _for_each_tenant(self, *steps: Callable[[str], None]) -> None:
        """Take every step for every tenant; raises at the end, saying what has failed for whom.

        A step whose role another process has by now is left out, and the others are taken.
        """
        failed: dict[str, list[str]] = {}
        lost: dict[Callable[[str], None], str] = {}
        for tenant in self._catalogs.tenants():
            for step in steps:
                if step in lost:
                    continue
                try:
                    step(tenant)
                except LeaseLost as error:
                    lost[step] = str(error)
                except Exception as error:
                    failed.setdefault(_first_line(error), []).append(tenant)
                    if not isinstance(error, ThroughlineError):
                        log.debug("details of what failed for tenant %s", tenant, exc_info=error)
        if failed or lost:
            reasons = [*lost.values(), *(f"{_named(whose)}: {why}" for why, whose in failed.items())]
            raise ThroughlineError("; ".join(reasons))

    def _check(self, role: str) -> None:
        if self._holding is not None:
            self._holding.check(role)


class _Turns(BaseTrigger):  # type: ignore[misc] # it has no types
    """Every so many seconds. Turns that were missed are not even counted: a machine may have slept for days."""

    def __init__(self, seconds: float) -> None:
        self._apart = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        following = (previous_fire_time or now) + self._apart
        return following if following > now else now + self._apart


def all_wait(report: TickReport, catalog: Catalog) -> bool:
    """Whether for every workflow that is kept up to date and promises something more was accepted than stitched.

    One that is rebuilt has its own time, and what others promise is judged by what they have.
    """
    promising = report.live & {each.name for each in catalog.workflows if each.slas}
    return bool(promising) and report.behind >= promising


def _tell_if_ahead(judged: datetime, now: datetime) -> None:
    if judged - now > _CLOCKS_APART:
        raise ThroughlineError(
            f"clocks were judged as of {judged:%Y-%m-%d %H:%M:%S} UTC, and this machine's clock is behind that: "
            "nothing is judged until it has come so far"
        )


def _nothing_arrives(_tenant: str) -> bool:
    return False


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _without_numbers(reason: str) -> str:
    """The same for each error of ClickHouse that differs only in sizes and counts, which are others at each attempt."""
    ours, exception, rest = reason.partition("DB::Exception")
    return ours + exception + _NUMBER.sub("0", rest)


def _named(tenants: list[str]) -> str:
    """At most three of them by name."""
    more = len(tenants) - 3
    return f"tenant {', '.join(tenants[:3])}{f' and {more} more' if more > 0 else ''}"
