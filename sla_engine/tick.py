"""The steps of one tick: what is looked at, what is staged of it, and what judging that appends (notes in `engine`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from correlator import instance_events, switched_instances, switches
from model import EPOCH, CutOff, Workflow, microseconds
from sla_engine.calendar_table import CalendarTable
from sla_engine.compiling import (
    CompiledTime,
    Member,
    attributes_asked,
    branches,
    clock_facts,
    families,
    feed_facts,
    latest_promise,
    longest,
)
from sla_engine.feed_minutes import FeedMinutes
from sla_engine.feeds import Heard, day_start, stretch
from sla_engine.versions import ALWAYS, SlaVersion, milestones_of
from store import Sql, Store, load_query, side_by_side, spliced

CLOCKS_AT_ONCE = 200_000
"""About how many clocks are worked out in one go."""

COUNTED_AT_ONCE = 250_000
"""Rows of the ledger counted by one insert: they have to become one part."""

EXCUSED_LATE = timedelta(minutes=10)
"""How much later than the tick that should have seen it an excuse may reach the store."""

_NONE = Sql("SELECT '' AS workflow, '' AS key WHERE 0")
"""No instances."""


@dataclass(frozen=True, slots=True)
class LastTick:
    """Where the last applied tick stood, in time, in versions of instances and in the ledger, and what it knew."""

    as_of: datetime = ALWAYS
    version: int = 0
    seq: int = 0
    slas: dict[str, str] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    rested: dict[str, datetime] = field(default_factory=dict)

    def judged_until(self, workflow: str) -> datetime:
        """The `as_of` of the last tick that judged a workflow."""
        return self.rested.get(workflow, self.as_of)


@dataclass(slots=True)
class Tally:
    """What a tick has come to so far, in clocks and in rows of the ledger."""

    opened: int = 0
    judged: int = 0
    appended: int = 0


class Tick:
    """The steps of one tick, and what they came to so far."""

    def __init__(
        self,
        store: Store,
        calendars: CalendarTable,
        before_append: Callable[[], None],
        tenant: str,
        as_of: datetime,
        last: LastTick,
        upto: int,
        told: dict[str, Any],
    ) -> None:
        """`told` is what judging must know besides the clocks."""
        self._store = store
        self._calendars = calendars
        self._before_append = before_append
        self._tenant = tenant
        self._as_of = as_of
        self._last = last
        self._told = told
        excuses = {"tenant": tenant, "since": _before(last.as_of, EXCUSED_LATE), "as_of": as_of}
        self._excuses = store.rows(load_query("sla_engine", "count_excuses"), excuses)[0]
        there = {"excuses": self._excuses["ever"], "maintenance": told["closed_of"]}
        self._there = frozenset(name for name, found in there.items() if found)
        self._rebuilt = {
            workflow: min(begun_at, last.judged_until(workflow))
            for workflow, begun_at in switches(store, tenant, last.version, upto).items()
        }
        """By workflow, the time before which what only a rebuild has changed is no news: it had been judged before."""
        self._switched = switched_instances(tenant, last.version, upto) if self._rebuilt else _NONE
        self.tally = Tally()
        self._minutes = FeedMinutes(store, tenant, as_of, last.as_of, last.version)
        self._tail_upto = self.seq = self._last_seq(last.seq)

    def forget_feeds(self, known: Sequence[SlaVersion], fresh: Sequence[SlaVersion]) -> None:
        """Forget what feeds have said where a rebuild was switched: all instances of their workflow have changed.

        And what only fresh promises are about, whose instances are all noted anew: while nobody asked for it, events
        may have been taken back.
        """
        kept, asked = _feeds(known), _feeds(fresh)
        for workflow in sorted(kept.keys() | asked.keys()):
            of_kept, of_asked = kept.get(workflow, set()), asked.get(workflow, set())
            if gone := of_kept | of_asked if workflow in self._rebuilt else of_asked - of_kept:
                self._minutes.forget(workflow, gone)

    def judge_changed(self, versions: Sequence[SlaVersion], changed: Sql, *, same_before: int = 0) -> None:
        """Work out and judge the clocks of the instances a SELECT names, and of those with an event whose time came.

        Clocks stored up to the version `same_before` and made of the same as then are left alone.
        """
        if not versions:
            return
        self._execute("TRUNCATE TABLE staged_instances")
        self._execute(
            spliced("sla_engine", "stage_changed_instances", changed=changed),
            tenant=self._tenant,
            since=self._last.as_of,
            as_of=self._as_of,
        )
        counts = {row["workflow"]: row["instances"] for row in self._rows("staged_instance_counts")}
        for workflow, own in by_workflow(versions):
            if count := counts.get(workflow.name, 0):
                shares = ceil(count * sum(map(_clocks_expected, own)) / CLOCKS_AT_ONCE)
                for share in range(shares):
                    self._judge_share(workflow, own, shares, share, max(same_before, 0))

    def judge_due(self, slas: Sequence[str], moved: dict[str, datetime]) -> None:
        """Judge the clocks whose moment has come, as time passed or as the system they wait for spoke."""
        params = {
            "tenant": self._tenant,
            "slas": list(slas),
            "since": self._last.as_of,
            "as_of": self._as_of,
            "axes": list(moved),
            "axes_since": [microseconds(each) for each in moved.values()],
            "axes_floor": min(moved.values(), default=self._as_of),
        }
        count = self._store.value(load_query("sla_engine", "due_clocks"), params) if slas else 0
        if not count:
            return
        shares = 1 + count // CLOCKS_AT_ONCE
        for share in range(shares):
            self._execute("TRUNCATE TABLE staged_clocks")
            self._run("stage_due_clocks", **params, stage_shares=shares, stage_share=share)
            self._judge_staged()

    def judge_feeds(self, versions: Sequence[SlaVersion], fresh: Set[str]) -> None:
        """Judge the feeds from where they stood, or from the earliest event that has become known since."""
        for version in versions:
            feed = version.sla.feed
            if feed is None:
                continue
            earliest = self._minutes.earliest(version.workflow.name, feed)
            since = EPOCH if version.sla.id in fresh else min(earliest, max(self._last.as_of, EPOCH))
            range_ = self._rows(
                "feed_range",
                tenant=self._tenant,
                workflow=version.workflow.name,
                feed=list(feed.milestones),
                since=since,
            )[0]
            part = stretch(version, since, Heard(**range_), self._as_of)
            is_repaired = self._minutes.is_repaired(version.workflow.name, feed)
            if part is None and not is_repaired:
                continue
            self._execute("TRUNCATE TABLE staged_clocks")
            if part is not None:
                time = self._compiled_time(version, part.earliest, part.latest)
                self._stage(feed_facts(version, time, part, tenant=self._tenant, as_of=self._as_of))
            if is_repaired:
                self._run(
                    "stage_vanished_of_feed",
                    tenant=self._tenant,
                    workflow=version.workflow.name,
                    feed_name=feed.name,
                    sla=version.sla.id,
                    definition=version.sla.hash,
                    since=day_start(since, version.sla.zone) if version.sla.volume else since,
                )
            self._judge_staged(Sql("SELECT workflow, key FROM staged_clocks"))

    def judge_excused(self, resting: Set[str]) -> None:
        """Judge the clocks somebody has excused; one that was written down late is found for a while after.

        Not those of the SLAs in `resting`: they are judged, excuses and all, when their workflow's rows are there.
        """
        if self._excuses["recent"]:
            params = {"tenant": self._tenant, "since": _before(self._last.as_of, EXCUSED_LATE), "as_of": self._as_of}
            self._execute("TRUNCATE TABLE staged_clocks")
            self._run("stage_excused_clocks", **params, resting=sorted(resting))
            self._judge_staged()

    def count(self) -> None:
        """Count what the ledger says that has not been counted; where it was left, whichever tick appended it."""
        counted = self._rows("counted", tenant=self._tenant)[0]["upto"]
        while counted < self.seq:
            upto = min(counted + COUNTED_AT_ONCE, self.seq)
            self._run("count_verdicts", tenant=self._tenant, counted=counted, upto=upto)
            counted = upto

    def _judge_share(
        self, workflow: Workflow, versions: Sequence[SlaVersion], shares: int, share: int, same_before: int
    ) -> None:
        whose = {"stage_workflow": workflow.name, "stage_shares": shares, "stage_share": share}
        keys = Sql(spliced("sla_engine", "staged_keys").text, whose)
        self._stage_events(workflow, versions, keys)
        clocked = [each for each in versions if each.sla.feed is None]
        if not clocked:
            return
        range_ = self._rows("staged_range", as_of=self._as_of)[0]
        self._execute("TRUNCATE TABLE staged_clocks")
        # Planning a family's statement is most of what it costs: none is run for SLAs that nothing has started.
        members = [
            Member(version, branch, self._compiled_time(version, range_["earliest"], range_["latest"]))
            for version in clocked
            if version.sla.from_milestone in range_["reached"]
            for branch in branches(version.sla)
        ]
        staged = [clock_facts(family, tenant=self._tenant, as_of=self._as_of) for family in families(members)]
        side_by_side(
            partial(self._stage_known, Sql("SELECT {stage_workflow:String}"), keys),
            *(partial(self._stage, facts) for facts in staged),
        )
        slas = sorted({each.sla.id for each in clocked})
        self._run("stage_vanished_clocks", tenant=self._tenant, workflow=workflow.name, slas=slas)
        if self._are_clocks_staged():
            self._judge(same_before, self._switched)

    def _stage_known(self, workflows: Sql, keys: Sql) -> None:
        """What is known of the clocks of some instances; of a tick that did not finish, what it has appended, too."""
        is_tail = self._tail_upto > self._last.seq
        query = "stage_known_and_tail" if is_tail else "stage_known"
        self._execute("TRUNCATE TABLE staged_known")
        tail = {"tail_after": self._last.seq, "tail_upto": self._tail_upto} if is_tail else {}
        self._execute(spliced("sla_engine", query, workflows=workflows, keys=keys), tenant=self._tenant, **tail)

    def _stage(self, facts: Sql) -> None:
        self._store.execute(Sql(f"INSERT INTO staged_clocks\n{facts.text}", facts.params))

    def _stage_events(self, workflow: Workflow, versions: Sequence[SlaVersion], keys: Sql) -> None:
        events = instance_events(self._tenant, workflow, keys)
        self._execute("TRUNCATE TABLE staged_events")
        self._execute(
            spliced("sla_engine", "stage_events", events=events),
            milestones=sorted({name for each in versions for name in milestones_of(each.sla)}),
            attributes=sorted({name for each in versions for name in attributes_asked(each)}),
        )
        self._run("stage_wakeups_of_events", tenant=self._tenant, workflow=workflow.name, as_of=self._as_of)
        self._minutes.note(workflow, versions, keys)

    def _compiled_time(self, version: SlaVersion, earliest: datetime, latest: datetime) -> CompiledTime:
        sla = version.sla
        first_us, cut_off = 0, ""
        times = CutOff(sla.volume.by, sla.volume.by) if sla.volume else sla.cut_off
        if times is not None:
            cut_off = self._calendars.cover_cut_off(self._tenant, version.calendar, times, sla.zone, earliest, latest)
        if version.calendar is not None:
            if sla.promise is not None and sla.at_risk is not None:
                latest = max(latest, self._store.value(latest_promise(sla)))
            first_us = self._calendars.cover(self._tenant, version.calendar, earliest, latest, longest(sla))
        return CompiledTime(first_us, cut_off)

    def _are_clocks_staged(self) -> bool:
        """Most ticks find nothing to say of a feed, and judging nothing takes nearly as long as judging something."""
        return bool(self._store.value("SELECT count() FROM staged_clocks"))

    def _judge_staged(self, switched: Sql | None = None) -> None:
        if not self._are_clocks_staged():
            return
        self._stage_known(Sql("SELECT workflow FROM staged_clocks"), Sql("SELECT key FROM staged_clocks"))
        self._judge(0, switched or _NONE)

    def _judge(self, same_before: int, switched: Sql) -> None:
        """Judge what is staged; `switched` are the workflow and key of what only a rebuild's switch has changed."""
        self._execute("TRUNCATE TABLE staged_verdicts")
        judged = spliced("sla_engine", "judge", self._there, excused=spliced("sla_engine", "excused"))
        self._execute(judged, tenant=self._tenant, as_of=self._as_of, same_before=same_before, **self._told)
        counts = self._rows("staged_counts")[0]
        if not counts["judged"]:
            return
        if counts["news"]:
            self._before_append()
            self._execute(
                spliced("sla_engine", "append_verdicts", instances=switched),
                tenant=self._tenant,
                seq=self.seq,
                rebuilt=list(self._rebuilt),
                begun_us=[microseconds(each) for each in self._rebuilt.values()],
            )
        side_by_side(
            partial(self._run, "store_clocks", tenant=self._tenant, version=microseconds(self._as_of)),
            partial(self._run, "store_wakeups", tenant=self._tenant),
        )
        self.seq += counts["news"]
        self.tally.opened += counts["opened"]
        self.tally.judged += counts["judged"]
        self.tally.appended += counts["news"]

    def _last_seq(self, seq: int) -> int:
        return int(self._store.value(load_query("sla_engine", "last_seq"), {"tenant": self._tenant, "seq": seq}))

    def _run(self, query: str, **params: Any) -> None:
        self._store.execute(load_query("sla_engine", query), params)

    def _rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        return self._store.rows(load_query("sla_engine", query), params)

    def _execute(self, statement: str | Sql, **params: Any) -> None:
        self._store.execute(statement, params)


def _clocks_expected(version: SlaVersion) -> float:
    """About how many clocks an instance has of a version: of one with a filter most have none."""
    return 0.25 if version.sla.where else 1


def _before(at: datetime, by: timedelta) -> datetime:
    return max(at - by, ALWAYS) if at > ALWAYS else at


def by_workflow(versions: Iterable[SlaVersion]) -> list[tuple[Workflow, list[SlaVersion]]]:
    """The versions by workflow; the workflow as its newest SLA version has it."""
    found: dict[str, list[SlaVersion]] = {}
    for each in versions:
        found.setdefault(each.workflow.name, []).append(each)
    return [(own[-1].workflow, own) for own in found.values()]


def _feeds(versions: Iterable[SlaVersion]) -> dict[str, set[str]]:
    """The milestones that are feeds, by workflow."""
    found: dict[str, set[str]] = {}
    for each in versions:
        if each.sla.feed is not None:
            found.setdefault(each.workflow.name, set()).update(each.sla.feed.milestones)
    return found
