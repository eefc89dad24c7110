"""What other rooms may know of verdicts, typed: current clocks, the ledger, counts and objectives.

Reads `clocks` and `verdicts`; writes nothing. Everything is within one tenant. Instants are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from model import Catalog, Verdict
from store import Sql, Store


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
    """One line of the ledger. `seq` is its place in the tenant's ledger: 1 or more, strictly increasing."""

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


@dataclass(frozen=True, slots=True)
class SlaCounts:
    """Current verdicts of one SLA: of clocks, and of distinct instances that have such a clock. All verdicts are keys."""

    verdicts: dict[str, int]
    instances: dict[str, int]


@dataclass(frozen=True, slots=True)
class SlaSummary:
    """How one SLA stands.

    `attainment` is met / (met + breached) of the clocks whose final verdict became valid in the objective's window (of
    all clocks without an objective); None below the objective's minimum or without any. `budget` is the share of allowed
    breaches left (1 untouched, 0 used up, negative overspent); None without an objective, or where attainment is None.
    `burn` gives for "1h", "6h" and "3d" the share of breaches in that time over the share allowed (1 uses the budget up
    exactly); None without an objective or any final verdict in that time.
    """

    id: str
    workflow: str
    verdicts: dict[str, int]
    instances: dict[str, int]
    attainment: float | None
    budget: float | None
    burn: dict[str, float | None]


class VerdictReader:
    """Reads clocks and ledger of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def instance_clocks(self, tenant: str, workflow: str, key: str) -> list[ClockRow]:
        """The clocks of one instance, by SLA, start and alias value; empty for none."""
        raise NotImplementedError

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

        With `known_at` only what was known by then, with `as_of` only what was valid by then (both inclusive), and then
        only the latest row of each clock; `verdict` filters after that. `limit` is 1 to 1,000. Raises `BadRequest` for a
        cursor that is not one of ours.
        """
        raise NotImplementedError

    def sla_counts(self, tenant: str) -> dict[str, SlaCounts]:
        """Current verdicts by SLA id; an SLA without clocks is not in it."""
        raise NotImplementedError

    def summaries(self, tenant: str, catalog: Catalog, now: datetime) -> list[SlaSummary]:
        """How every SLA of the catalog stands, in its order; zeros for those without clocks."""
        raise NotImplementedError

    def keys_with_verdict(self, tenant: str, workflow: str, slas: Sequence[str], verdicts: Sequence[str]) -> Sql:
        """A SELECT of one column `key`: instances with a current clock of one of the SLAs with one of the verdicts.

        An empty sequence means any. Its parameters are named `verdict_*`.
        """
        raise NotImplementedError

    def appended_after(self, tenant: str, seq: int, limit: int = 1000) -> list[LedgerRow]:
        """Ledger rows of the tenant strictly after a place, in ledger order: the feed alerting reads. 0 is the start."""
        raise NotImplementedError

    def latest_breaches(self, tenant: str, limit: int = 20) -> list[LedgerRow]:
        """The clocks that are breached now, latest deadline first, as the ledger rows that say so."""
        raise NotImplementedError
