"""How well each system covers what it should report: its usual cadence, learned from history, and when it was heard.

Judges nothing; silence counts in wall time, whatever calendar the system has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from correlator import system_minutes
from model import Catalog
from store import Store, spliced

LEARNED_FROM = timedelta(days=28)
SEEN_OVER = timedelta(days=7)
FEWEST_SILENCES = 10
"""From fewer than so many silences nothing is learned."""

_STEPS = tuple(timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10_080))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was learned of one system.

    `usual` is the silence that 99 of 100 do not exceed, `by_hour` the same for each hour of the week in which it begins
    (168, from Monday 00:00 UTC); None where there were too few. `proposed` is a round cadence of at least twice the
    usual silence. `share_seen` is the share of the last seven days, or of the time since it was first heard in them, in
    which its silence was within its cadence (the proposed one where none is declared).
    """

    usual: timedelta | None
    by_hour: tuple[timedelta | None, ...]
    proposed: timedelta | None
    share_seen: float | None


class CoverageReader:
    """Reads what the correlator has heard."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def coverage(self, tenant: str, catalog: Catalog, now: datetime) -> dict[str, Coverage]:
        """By system, for those heard of in the last 28 days."""
        usual = self._usual(tenant, now)
        proposed = {system: _proposed(each.get(-1)) for system, each in usual.items()}
        declared = {each.id: each.cadence for each in catalog.systems if each.cadence}
        shares = self._shares(tenant, {**{k: v for k, v in proposed.items() if v}, **declared}, now)
        return {
            system: Coverage(
                usual=each.get(-1),
                by_hour=tuple(each.get(hour) for hour in range(168)),
                proposed=proposed[system],
                share_seen=shares.get(system),
            )
            for system, each in usual.items()
        }

    def _usual(self, tenant: str, now: datetime) -> dict[str, dict[int, timedelta]]:
        found: dict[str, dict[int, timedelta]] = {}
        for row in self._store.rows(
            spliced("sla_engine", "usual_gaps", minutes=system_minutes(tenant, now - LEARNED_FROM))
        ):
            of_system = found.setdefault(row["system"], {})
            if row["silences"] >= FEWEST_SILENCES:
                of_system[row["hour"]] = timedelta(seconds=row["usual"])
        return found

    def _shares(self, tenant: str, cadences: Mapping[str, timedelta], now: datetime) -> dict[str, float]:
        params = {
            "systems": list(cadences),
            "seconds": [each.total_seconds() for each in cadences.values()],
            "now": now,
        }
        rows = self._store.rows(
            spliced("sla_engine", "share_seen", minutes=system_minutes(tenant, now - SEEN_OVER)), params
        )
        return {row["system"]: row["share"] for row in rows}


def _proposed(usual: timedelta | None) -> timedelta | None:
    if usual is None:
        return None
    return next((each for each in _STEPS if each >= 2 * usual), _STEPS[-1])
