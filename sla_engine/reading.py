"""What other rooms may know of verdicts, typed: current clocks, the ledger, counts and objectives.

Reads `clocks`, `verdicts` and `verdict_counts`; writes nothing. Everything is within one tenant. Instants are in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from model import EPOCH, INT64, Catalog, NotFound, Sla, Verdict, cursor_of, microseconds, position_of
from store import Sql, Store, load_query

MOST_ROWS = 1000

_START_OF_TIME = datetime(1900, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime(2299, 12, 31, tzinfo=UTC)
_BURN_WINDOWS = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "3d": timedelta(days=3)}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """The current state of one clock. `per` is empty unless the SLA has one clock per alias value.

    `known_at` is the `as_of` of the tick that found this verdict.
    """

    sla: str
    clock: str
    per: str
    verdict: Verdict
    valid_from: datetime
    started_at: datetime
    deadline_at: datetime | None
    satisfied_at: datetime | None
    known_at: datetime
    reason: str
    flags: list[str]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the ledger. `seq` is its place in the tenant's ledger: 1 or more, strictly increasing.

    `of_rebuild` is a correction: only a rebuild has changed it, about the time before that began. It opens no alert.
    """

    tenant: str
    workflow: str
    sla: str
    key: str
    clock: str
    per: str
    verdict: Verdict
    valid_from: datetime
    known_at: datetime
    started_at: datetime
    deadline_at: datetime | None
    satisfied_at: datetime | None
    reason: str
    definition: str
    seq: int
    of_rebuild: bool = False


@dataclass(frozen=True, slots=True)
class SlaCounts:
    """Current verdicts of one SLA, every verdict a key: how many clocks, and how many distinct instances with one."""

    verdicts: dict[str, int]
    instances: dict[str, int]


@dataclass(frozen=True, slots=True)
class SlaSummary:
    """How one SLA stands.

    `attainment` is met / (met + breached) of the clocks whose final verdict became valid in the objective's window (of
    all clocks without an objective); None below the objective's minimum or without any. `budget` is the share of
    allowed breaches left (1 untouched, 0 used up, negative overspent); None without an objective, where attainment is
    None, or where no breach is allowed. `burn` gives for "1h", "6h" and "3d" the share of breaches in that time over
    the share allowed (1 uses the budget up exactly by the end of the window); None where there is nothing to divide.
    """

    id: str
    workflow: str
    verdicts: dict[str, int]
    instances: dict[str, int]
    attainment: float | None
    budget: float | None
    burn: dict[str, float | None]
    met: int = 0
    breached: int = 0


@dataclass(frozen=True, slots=True)
class Attainment:
    """Several SLAs together: clocks met and breached in the window of each one's objective.

    `name` is that of the workflow, owner, system or SLA they have in common, empty for those without. `attainment` is
    None below `minimum`, the largest of their objectives, or at 0/0: too few to say.
    """

    name: str
    slas: tuple[str, ...]
    met: int
    breached: int
    minimum: int

    @property
    def attainment(self) -> float | None:
        """Met / (met + breached)."""
        return self.met / (self.met + self.breached) if self.met + self.breached >= max(1, self.minimum) else None


class Grouping(StrEnum):
    """What SLAs can be put together by; the system is the one that answers, of a feed the one that speaks."""

    SLA = "sla"
    WORKFLOW = "workflow"
    OWNER = "owner"
    SYSTEM = "system"


def group_of(catalog: Catalog, sla: Sla, by: Grouping) -> str:
    """The name of the group an SLA is in; empty for none."""
    if by is Grouping.SLA:
        return sla.id
    if by is Grouping.WORKFLOW:
        return sla.workflow
    if by is Grouping.OWNER:
        return sla.owner or ""
    return catalog.workflow(sla.workflow).milestone(sla.to_milestone).system or ""


def window_start(sla: Sla, now: datetime) -> datetime:
    """Since when (exclusive) the clocks of an SLA count at `now`: all time without an objective."""
    objective = sla.objective
    if objective is None:
        return _START_OF_TIME
    if objective.period is None:
        return now - objective.window
    local = now.astimezone(ZoneInfo(sla.zone))
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    start = {
        "day": lambda: day,
        "week": lambda: day - timedelta(days=day.weekday()),
        "month": lambda: day.replace(day=1),
        "quarter": lambda: day.replace(month=1 + (day.month - 1) // 3 * 3, day=1),
        "year": lambda: day.replace(month=1, day=1),
    }[objective.period]()
    return start.astimezone(UTC) - timedelta(microseconds=1)


class VerdictReader:
    """Reads clocks and ledger of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def instance_clocks(self, tenant: str, workflow: str, key: str) -> list[ClockRow]:
        """The clocks of one instance, by SLA, start and alias value; empty for none."""
        return self.clocks_of(tenant, workflow, [key])[key]

    def clocks_of(self, tenant: str, workflow: str, keys: Sequence[str]) -> dict[str, list[ClockRow]]:
        """The clocks of each of these instances, by SLA, start and alias value; an empty list for none."""
        found: dict[str, list[ClockRow]] = {key: [] for key in keys}
        if keys:
            for row in self._rows("clocks_of", tenant=tenant, workflow=workflow, keys=list(found)):
                found[row.pop("key")].append(ClockRow(**{**row, "verdict": Verdict(row["verdict"])}))
        return found

    def verdicts_of(self, tenant: str, workflow: str, keys: Sequence[str]) -> dict[str, frozenset[Verdict]]:
        """The current verdicts of each of these instances of a workflow; an instance without clocks is missing."""
        rows = self._rows("verdicts_of", tenant=tenant, workflow=workflow, keys=list(keys)) if keys else []
        return {row["key"]: frozenset(map(Verdict, row["verdicts"])) for row in rows}

    def ledger(
        self,
        tenant: str,
        sla: str,
        *,
        known_at: datetime | None = None,
        as_of: datetime | None = None,
        verdict: Sequence[str] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[LedgerRow], str | None]:
        """Ledger rows of an SLA, oldest `known_at` first, and the cursor of the next page (None: that was the last).

        With `known_at` only what was known by then, with `as_of` only what was valid by then (both inclusive), and
        then only the latest row of each clock; `verdict` filters after that. `limit` is 1 to 1,000. Raises
        `BadRequest` for a cursor that is not one of ours.
        """
        view = "ledger_then" if known_at or as_of else "ledger"
        limit = min(max(limit, 1), MOST_ROWS)
        of = ("ledger", sla)
        rows = self._rows(
            view,
            tenant=tenant,
            sla=sla,
            known_at=known_at or _END_OF_TIME,
            as_of=as_of or _END_OF_TIME,
            verdicts=list(verdict),
            after=0 if cursor is None else position_of(of, cursor, (INT64,))[0],
            limit=limit + 1,
        )
        page = [_ledger_row(row) for row in rows[:limit]]
        return page, cursor_of(of, [page[-1].seq]) if len(rows) > limit else None

    def sla_counts(self, tenant: str) -> dict[str, SlaCounts]:
        """Current verdicts by SLA id; an SLA without clocks is not in it."""
        zeros = dict.fromkeys(map(str, Verdict), 0)
        found: dict[str, SlaCounts] = {}
        single = set(next((row["single"] for row in self._rows("single_slas", tenant=tenant)), ()))
        for row in self._rows("sla_counts", tenant=tenant):
            counts = found.setdefault(row["sla"], SlaCounts(dict(zeros), dict(zeros)))
            counts.verdicts[row["verdict"]] = row["n"]
            if row["sla"] in single:
                counts.instances[row["verdict"]] = row["n"]
        if several := sorted(found.keys() - single):
            for row in self._rows("instance_counts", tenant=tenant, slas=several):
                found[row["sla"]].instances[row["verdict"]] = row["instances"]
        return found

    def summaries(self, tenant: str, catalog: Catalog, now: datetime) -> list[SlaSummary]:
        """How every SLA of the catalog stands, in its order; zeros for those without clocks."""
        counts = self.sla_counts(tenant)
        zeros = dict.fromkeys(map(str, Verdict), 0)
        finals = self._finals(tenant, catalog, now)
        return [
            _summary(sla, counts.get(sla.id, SlaCounts(zeros, zeros)), finals.get(sla.id, _Finals()))
            for sla in catalog.slas
        ]

    def attainments(
        self, tenant: str, catalog: Catalog, now: datetime, by: Grouping, names: Sequence[str] = ()
    ) -> list[Attainment]:
        """How SLAs stand together, by group, in the order of the catalog; only the groups named, where any are.

        Raises `NotFound` for a name that no SLA belongs to: a selection of nothing is a mistake, not 0 of 0.
        """
        groups: dict[str, list[Sla]] = {}
        for sla in catalog.slas:
            groups.setdefault(group_of(catalog, sla, by), []).append(sla)
        for name in names:
            if name not in groups:
                raise NotFound(f"No SLA has the {by} {name!r}")
        chosen = {name: slas for name, slas in groups.items() if not names or name in names}
        finals = self._finals(tenant, catalog, now)
        return [
            Attainment(
                name,
                tuple(each.id for each in slas),
                sum(finals[each.id].met[0] for each in slas if each.id in finals),
                sum(finals[each.id].breached[0] for each in slas if each.id in finals),
                max((each.objective.minimum for each in slas if each.objective), default=0),
            )
            for name, slas in chosen.items()
        ]

    def keys_with_verdict(self, tenant: str, workflow: str, slas: Sequence[str], verdicts: Sequence[str]) -> Sql:
        """A SELECT of one column `key`: instances with a current clock of one of the SLAs with one of the verdicts.

        An empty sequence means any. Its parameters are named `verdict_*`.
        """
        return Sql(
            load_query("sla_engine", "keys_with_verdict"),
            {
                "verdict_tenant": tenant,
                "verdict_workflow": workflow,
                "verdict_slas": list(slas),
                "verdict_verdicts": list(verdicts),
            },
        )

    def instances_with_verdict(self, tenant: str, verdicts: Sequence[str]) -> Sql:
        """A SELECT of `workflow` and `key`: instances of all workflows with a current clock of one of the verdicts.

        Its parameters are named `verdict_*`.
        """
        params = {"verdict_tenant": tenant, "verdict_verdicts": list(verdicts)}
        return Sql(load_query("sla_engine", "instances_with_verdict"), params)

    def appended_after(self, tenant: str, seq: int, limit: int = 1000) -> list[LedgerRow]:
        """Ledger rows strictly after a place, in ledger order: the feed alerting reads. 0 is before the first."""
        rows = self._rows("appended_after", tenant=tenant, seq=seq, limit=limit)
        return [_ledger_row(row) for row in rows]

    def judged(self, tenant: str) -> frozenset[str]:
        """The SLAs that the last tick has judged: not those applied after it, nor those that rest for a rebuild."""
        return frozenset(sla for row in self._rows("last_tick", tenant=tenant) for sla in row["slas"])

    def latest_breaches(self, tenant: str, limit: int = 20) -> list[LedgerRow]:
        """The clocks that are breached now, latest deadline first, as the ledger rows that say so."""
        return [_ledger_row(row) for row in self._rows("latest_breaches", tenant=tenant, limit=limit)]

    def _finals(self, tenant: str, catalog: Catalog, now: datetime) -> dict[str, _Finals]:
        windows = {sla.id: window_start(sla, now) for sla in catalog.slas}
        edges = {now, *windows.values(), *(now - each for each in _BURN_WINDOWS.values())}
        rows = self._rows(
            "final_verdicts",
            tenant=tenant,
            now_us=microseconds(now),
            slas=list(windows),
            since=[microseconds(each) for each in windows.values()],
            hours=sorted({(each - EPOCH) // _HOUR for each in edges}),
        )
        return {row["sla"]: _Finals(tuple(row["met"]), tuple(row["breached"])) for row in rows}

    def _rows(self, query: str, **params: Any) -> list[dict[str, Any]]:
        return self._store.rows(load_query("sla_engine", query), params)


@dataclass(frozen=True, slots=True)
class _Finals:
    """Clocks met and breached: in the window of the objective, then in each of the burn windows."""

    met: tuple[int, ...] = (0,) * (1 + len(_BURN_WINDOWS))
    breached: tuple[int, ...] = (0,) * (1 + len(_BURN_WINDOWS))


def _summary(sla: Sla, counts: SlaCounts, finals: _Finals) -> SlaSummary:
    met, breached = finals.met[0], finals.breached[0]
    allowed = 1 - sla.objective.target if sla.objective else 0.0
    enough = met + breached >= max(1, sla.objective.minimum if sla.objective else 1)
    attainment = met / (met + breached) if enough else None
    budget = 1 - (1 - attainment) / allowed if attainment is not None and allowed > 0 else None
    burn: dict[str, float | None] = {}
    for window, good, bad in zip(_BURN_WINDOWS, finals.met[1:], finals.breached[1:], strict=True):
        burn[window] = bad / (good + bad) / allowed if allowed > 0 and good + bad else None
    return SlaSummary(sla.id, sla.workflow, counts.verdicts, counts.instances, attainment, budget, burn, met, breached)


def _ledger_row(row: dict[str, Any]) -> LedgerRow:
    return LedgerRow(**{**row, "verdict": Verdict(row["verdict"])})
