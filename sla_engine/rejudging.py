"""Judging the past again: what the SLA as it is now says of clocks that an earlier version of it judged.

Done only when somebody asks for it, and kept beside the ledger, which stays as it is; so nobody is alerted. The judging
is a trial's (`sla_engine.trial`), as of the last tick: both sides are about the same instant. Append-only.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model import INT64, TEXT, NotFound, Refused, Verdict, cursor_of, microseconds, position_of
from sla_engine.reading import MOST_ROWS
from sla_engine.trial import judge, trial
from sla_engine.versions import ALWAYS, NEVER_ENDS, Applied, sla_versions
from store import Sql, Store, audit, load_query, spliced

CLOCKS_AT_ONCE = 500_000
"""About how many clocks are written in one go."""

_LOOK_SECONDS = 0.2
_OWN = ("rejudging", "sla", "rejudged_at", "actor", "key", "clock", "per", "started_at", "satisfied_at")
_COLUMNS = (
    *("tenant", "sla", "rejudging", "rejudged_at", "actor"),
    *("as_of", "from_at", "to_at", "definition", "clocks"),
)


@dataclass(frozen=True, slots=True)
class RejudgeProgress:
    """How far it is; `clocks_total` is how many the SLA has, so about how many are to be judged."""

    clocks_done: int
    clocks_total: int


@dataclass(frozen=True, slots=True)
class Change:
    """How many clocks went from one verdict to another (or stayed), with the keys of up to five of their instances.

    `old` is None where the earlier version opened no such clock.
    """

    old: Verdict | None
    new: Verdict
    clocks: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejudging:
    """One time somebody had the past of an SLA judged again: clocks that started from `from_at` (inclusive) to `to_at`.

    None stands for no bound. `as_of` is the instant both sides are about, `definition` the version that judged again.
    """

    id: str
    sla: str
    rejudged_at: datetime
    actor: str
    as_of: datetime
    from_at: datetime | None
    to_at: datetime | None
    definition: str
    clocks: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What one version says of a clock."""

    verdict: Verdict
    valid_from: datetime
    deadline_at: datetime | None
    reason: str
    definition: str


@dataclass(frozen=True, slots=True)
class Rejudged:
    """One clock of one rejudging: `old` is what the ledger said then, None where there was no such clock."""

    rejudging: str
    sla: str
    rejudged_at: datetime
    actor: str
    key: str
    clock: str
    per: str
    started_at: datetime
    satisfied_at: datetime | None
    old: Said | None
    new: Said


def rejudge(
    store: Store,
    tenant: str,
    history: Sequence[Applied],
    sla: str,
    *,
    since: datetime | None,
    until: datetime | None,
    actor: str,
    at: datetime,
) -> Iterator[RejudgeProgress | Rejudging]:
    """Judge the clocks of an SLA that an earlier version judged, by the present one: progress, and the outcome last.

    `since` (inclusive) and `until` (exclusive) bound when the clocks started. Raises `NotFound` for an SLA the newest
    catalog does not have, `Refused` where nothing was judged yet or the SLA never had another meaning.
    """
    from_at, to_at = since or ALWAYS, until or NEVER_ENDS
    if from_at >= to_at:
        raise Refused("The time asked for ends before it begins.")
    versions = [each for each in sla_versions(history) if each.sla.id == sla]
    if not versions:
        raise NotFound(f"There is no SLA {sla!r} in the catalog")
    if len(versions) == 1:
        raise Refused(
            f"The SLA {sla} has always meant what it means now: no clock was judged by another version of it."
        )
    last = store.rows(load_query("sla_engine", "last_tick"), {"tenant": tenant})
    if not last:
        raise Refused("Nothing was judged yet, so there is nothing to judge again.")
    present, as_of = versions[-1], last[0]["as_of"]
    newest = max(history, key=lambda each: each.effective_at).catalog
    params = {"tenant": tenant, "sla": sla}
    total = store.value(load_query("sla_engine", "clocks_of_sla"), params)
    run = uuid.uuid4().hex
    with trial(store) as apart, ThreadPoolExecutor(1) as threads:
        work = threads.submit(judge, apart, tenant, newest, {sla}, as_of, waited_from={sla: present.waited_from})
        while wait([work], _LOOK_SECONDS).not_done:
            done = apart.value(load_query("sla_engine", "clocks_of_sla"), params)
            yield RejudgeProgress(min(done, total), total)
        work.result()
        query = spliced("sla_engine", "rejudge_clocks", anew=Sql(f"`{apart.database}`.clocks"))
        own = {**params, "rejudging": run, "definition": present.sla.hash, "effective_from": present.effective_from}
        shares = 1 + total // CLOCKS_AT_ONCE
        for share in range(shares):
            store.execute(query, {**own, "since": from_at, "until": to_at, "shares": shares, "share": share})
    changes = RejudgedReader(store).changes(tenant, sla, run)
    clocks = sum(each.clocks for each in changes)
    row = (tenant, sla, run, at, actor, as_of, from_at, to_at, present.sla.hash, clocks)
    store.insert("rejudgings", _COLUMNS, [row])
    audit(
        store,
        tenant=tenant,
        actor=actor,
        action="sla.rejudged",
        subject=sla,
        detail={"rejudging": run, "definition": present.sla.hash, "clocks": clocks},
        at=at,
    )
    yield RejudgeProgress(total, total)
    yield Rejudging(run, sla, at, actor, as_of, since, until, present.sla.hash, clocks, changes)


class RejudgedReader:
    """Reads what judging the past again came to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rejudgings(
        self, tenant: str, sla: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Rejudging], str | None]:
        """Each time it was done for an SLA, newest first, without their `changes`, and the cursor of the next page.

        `limit` is 1 to 1,000. Raises `BadRequest` for a cursor that is not one of ours.
        """
        of = ("rejudgings", sla)
        before_us, after = (INT64[-1], "") if cursor is None else position_of(of, cursor, (INT64, TEXT))
        limit = min(max(limit, 1), MOST_ROWS)
        rows = self._rows("rejudgings", tenant=tenant, sla=sla, before_us=before_us, after=after, limit=limit + 1)
        page = [_rejudging(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return page, None
        return page, cursor_of(of, [microseconds(page[-1].rejudged_at), page[-1].id])

    def rejudging(self, tenant: str, sla: str, rejudging: str | None = None) -> Rejudging | None:
        """That one of an SLA, without its `changes`, or the newest; None where there is none."""
        if rejudging is None:
            return next(iter(self.rejudgings(tenant, sla, 1)[0]), None)
        rows = self._rows("rejudging", tenant=tenant, sla=sla, rejudging=rejudging)
        return _rejudging(rows[0]) if rows else None

    def changes(self, tenant: str, sla: str, rejudging: str) -> tuple[Change, ...]:
        """What one came to, most clocks first."""
        rows = self._rows("rejudged_changes", tenant=tenant, sla=sla, rejudging=rejudging)
        return tuple(
            Change(
                Verdict(row["old_verdict"]) if row["old_verdict"] else None,
                Verdict(row["verdict"]),
                row["clocks"],
                tuple(row["examples"]),
            )
            for row in rows
        )

    def page(
        self,
        tenant: str,
        sla: str,
        rejudging: str,
        *,
        only_changed: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Rejudged], str | None]:
        """Clocks of one rejudging by their start, and the cursor of the next page (None: that was the last).

        `only_changed` leaves out those with the same verdict. Raises `BadRequest` for a cursor that is not one of ours.
        """
        limit = min(max(limit, 1), MOST_ROWS)
        of = ("rejudged", sla, rejudging)
        after_us, after_clock = (INT64[0], "") if cursor is None else position_of(of, cursor, (INT64, TEXT))
        rows = self._rows(
            "rejudged",
            tenant=tenant,
            sla=sla,
            rejudging=rejudging,
            only_changed=int(only_changed),
            after_us=after_us,
            after_clock=after_clock,
            limit=limit + 1,
        )
        page = [_rejudged(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return page, None
        return page, cursor_of(of, [microseconds(page[-1].started_at), page[-1].clock])

    def of_instances(self, tenant: str, workflow: str, keys: Sequence[str]) -> dict[str, Rejudged]:
        """By clock of these instances, the row of the rejudging that looked at it last; empty where none did."""
        rows = self._rows("rejudged_of_instances", tenant=tenant, workflow=workflow, keys=list(keys)) if keys else []
        return {row["clock"]: _rejudged(row) for row in rows}

    def _rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        return self._store.rows(load_query("sla_engine", query), params)


def _rejudging(row: dict[str, Any]) -> Rejudging:
    from_at, to_at = row.pop("from_at"), row.pop("to_at")
    return Rejudging(
        id=row.pop("rejudging"),
        from_at=None if from_at <= ALWAYS else from_at,
        to_at=None if to_at >= NEVER_ENDS else to_at,
        **row,
    )


def _rejudged(row: dict[str, Any]) -> Rejudged:
    old, new = (
        Said(
            Verdict(row[f"{side}verdict"]),
            row[f"{side}valid_from"],
            row[f"{side}deadline_at"],
            row[f"{side}reason"],
            row[f"{side}definition"],
        )
        if row[f"{side}verdict"]
        else None
        for side in ("old_", "")
    )
    assert new is not None  # noqa: S101 - every row has a verdict
    own = {name: row[name] for name in _OWN}
    return Rejudged(**own, old=old, new=new)
