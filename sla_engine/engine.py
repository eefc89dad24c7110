"""Ticks: from what changed and what is due to clocks, verdicts and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model import Clock
from store import Store


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did. `judged` counts clocks looked at, `appended` rows added to the ledger.

    `as_of` is that of the last applied tick: later than the one asked for where the tick had nothing to do.
    """

    as_of: datetime
    clocks_opened: int
    judged: int
    appended: int


class SlaEngine:
    """Judges the clocks of all SLAs of a tenant."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def tick(self, tenant: str, catalog_history: Sequence[Any], as_of: datetime | None = None) -> TickReport:
        """Judge by what is stored as of an instant (now where None is given); a no-op if not later than the last one.

        `catalog_history` is the tenant's applied catalogs, oldest first (`store.catalog_history`).
        """
        raise NotImplementedError
