"""Back-tests: what a changed or new SLA would have said of stored history, beside what was said.

The judging is a trial's (`sla_engine.trial`): neither ledger nor clocks are touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from model import Catalog, Refused, Sla, catalog_from_sources
from sla_engine.trial import judge, trial
from sla_engine.versions import sla_versions
from store import Sql, Store, catalog_history, load_query, spliced

_DECLARED = re.compile(r"""^\{?["']?workflow["']?:\s*["']?([^\s"'#,}]+)""", re.MULTILINE)
"""Workflows a file declares: their key stands at the beginning of a line, or of a document in JSON."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Clocks met and breached, and alerts for those at risk or breached."""

    met: int = 0
    breached: int = 0
    alerts: int = 0

    @property
    def attainment(self) -> float | None:
        """Met / (met + breached); None at 0/0."""
        return self.met / (self.met + self.breached) if self.met + self.breached else None

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.met + other.met, self.breached + other.breached, self.alerts + other.alerts)


@dataclass(frozen=True, slots=True)
class Week:
    """One week, named by its Monday (UTC): what would have been, and what was."""

    monday: date
    would: Figures
    was: Figures


@dataclass(frozen=True, slots=True)
class Differences:
    """Clocks breached on one side only, with the keys of up to five of their instances."""

    clocks: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backtest:
    """One SLA over the time asked for. `is_new`: the active catalog has none of that id."""

    sla: str
    title: str
    is_new: bool
    weeks: tuple[Week, ...]
    newly_breached: Differences
    no_longer_breached: Differences

    def as_json(self) -> dict[str, Any]:
        """Plain values: weeks by their Monday, attainments as shares."""
        told = asdict(self)
        for week, row in zip(self.weeks, told["weeks"], strict=True):
            row["monday"] = week.monday.isoformat()
            row["would"]["attainment"], row["was"]["attainment"] = week.would.attainment, week.was.attainment
        return told


def candidate(active: Catalog, name: str, text: str) -> Catalog:
    """The catalog with one file changed or added: it takes the place of the files that declare the same workflows.

    Raises `CatalogError`.
    """
    declared = set(_DECLARED.findall(text))
    others = [(path, other) for path, other in active.sources if not declared & set(_DECLARED.findall(other))]
    found = catalog_from_sources([(name, text), *((path, other) for path, other in others if path != name)])
    return replace(found, workflows=tuple(each for each in found.workflows if each.name in declared))


def backtest(
    store: Store, tenant: str, active: Catalog, changed: Catalog, *, since: datetime, until: datetime
) -> tuple[Backtest, ...]:
    """Judge stored history as of `until` by the SLAs of `changed` that the active catalog does not have like that.

    Counted is what became valid from `since` (inclusive) to `until` (exclusive), or to the last tick where that was
    earlier: nobody knows yet what will have been kept. Raises `Refused` where nothing is changed, or where a workflow
    is not the one by which the history was stitched.
    """
    if since >= until:
        raise Refused("The time asked for ends before it begins.")
    slas = _changed(active, changed)
    for name in {each.workflow for each in slas}:
        known = next((each for each in active.workflows if each.name == name), None)
        if known is None or known.hash != changed.workflow(name).hash:
            raise Refused(
                f"The workflow {name} has other keys or milestones than the active one: history is not stitched by "
                "them. Apply the catalog first, or change SLAs only."
            )
    until = min(
        [until, *(row["as_of"] for row in store.rows(load_query("sla_engine", "last_tick"), {"tenant": tenant}))]
    )
    with trial(store) as apart:
        judge(apart, tenant, changed, {each.id for each in slas}, until, waited_from=_waited_from(store, tenant, slas))
        return tuple(_compared(store, apart, tenant, each, active, since, until) for each in slas)


def _changed(active: Catalog, changed: Catalog) -> list[Sla]:
    known = {each.id: each.hash for each in active.slas}
    found = [each for each in changed.slas if known.get(each.id) != each.hash]
    if not found:
        raise Refused("Every SLA in this file means what the active catalog says: there is nothing to compare.")
    return found


def _waited_from(store: Store, tenant: str, slas: Iterable[Sla]) -> dict[str, datetime]:
    """Since when the feeds of SLAs have been waited for; not those that only the changed SLA is about."""
    feeds = {each.id: each.feed for each in slas}
    versions = sla_versions(catalog_history(store, tenant))
    return {each.sla.id: each.waited_from for each in versions if each.sla.feed == feeds.get(each.sla.id)}


def _compared(
    store: Store, apart: Store, tenant: str, sla: Sla, active: Catalog, since: datetime, until: datetime
) -> Backtest:
    params = {"tenant": tenant, "sla": sla.id, "since": since, "until": until}
    would, was = _weeks(apart, params), _weeks(store, params)
    return Backtest(
        sla=sla.id,
        title=sla.title,
        is_new=sla.id not in {each.id for each in active.slas},
        weeks=tuple(
            Week(each, would.get(each, Figures()), was.get(each, Figures())) for each in sorted({*would, *was})
        ),
        newly_breached=_only(apart, apart.database, store.database, params),
        no_longer_breached=_only(apart, store.database, apart.database, params),
    )


def _weeks(store: Store, params: dict[str, Any]) -> dict[date, Figures]:
    rows = store.rows(load_query("sla_engine", "weeks"), params)
    return {row["week"]: Figures(row["met"], row["breached"], row["alerts"]) for row in rows}


def _only(store: Store, here: str, there: str, params: dict[str, Any]) -> Differences:
    query = spliced("sla_engine", "other_breaches", here=Sql(f"`{here}`.clocks"), there=Sql(f"`{there}`.clocks"))
    row = store.rows(query, params)[0]
    return Differences(row["clocks"], tuple(row["examples"]))
