"""What is allowed in a catalog and still looks like a mistake: `catalog check` shows it, nothing is refused.

Each rule is a function from the catalog to its warnings; `RULES` is the list of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import time, timedelta

from model.catalog.problems import is_guess, nearest
from model.catalog.sources import Source, Sources
from model.catalog.unreachable import UNREACHABLE
from model.catalog.yaml_text import Path
from model.definitions import Catalog, Sla
from model.errors import Problem

ALERT_LABELS = (
    *("alertname", "criticality", "key", "milestone", "owner", "per", "severity", "sla", "system", "tenant"),
    *("verdict", "workflow"),
)
"""What an alert can be routed and silenced by."""

USUAL_LEVELS = ("low", "medium", "normal", "high", "critical", "info", "warning")

_ORDERED = ("strip_leading_zeros", "trim")
_DAYS = re.compile(r"\d+d")


def catalog_warnings(catalog: Catalog) -> tuple[Problem, ...]:
    """Everything that looks like a mistake, by file and line; empty for a catalog nobody need look at again."""
    sources = Sources(catalog)
    found = {warning: None for rule in RULES for warning in rule(catalog, sources)}
    return tuple(sorted(found, key=lambda each: (each.file, each.line, each.path)))


def _days_of_business_time(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        source, at = _sla(sla, sources)
        for path in ((*at, "within"), (*at, "at_risk")):
            written = sources.raw(source, path)
            if sla.calendar is not None and isinstance(written, str) and _DAYS.search(written):
                yield source.warn(
                    path,
                    f"`{written}` counts 24 working hours of `{sla.calendar}` as a day, not one day of the week",
                    "write working hours, like 16h for two days of eight",
                )


def _unreachable_risk(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        left = sla.at_risk.left if sla.at_risk else None
        if left is not None and sla.within is not None and left >= sla.within:
            source, at = _sla(sla, sources)
            yield source.warn((*at, "at_risk"), "every clock is at risk from its start: write less than `within`")


def _silence_within_a_minute(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        if sla.every is not None and sla.every < timedelta(minutes=1):
            source, at = _sla(sla, sources)
            yield source.warn((*at, "every"), "feeds are looked at by the minute: write at least 1m")


def _volume_of_an_instant(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        if sla.volume is not None and sla.volume.by == time():
            source, at = _sla(sla, sources)
            yield source.warn(
                (*at, "volume", "by"), "counts the first instant of each day alone: write 23:59 for the whole day"
            )


def _zeros_before_blanks(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    """Zeros behind a blank stay, so that the same number is another key with a blank before it."""
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for key in workflow.keys:
            if [each for each in key.normalize if each in _ORDERED] == [*_ORDERED]:
                yield source.warn(("keys", key.name, "normalize"), "zeros behind a blank stay: write `trim` first")


def _zone_without_promise(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        source, at = _sla(sla, sources)
        is_idle = sla.promise is None and sla.volume is None
        if is_idle and sources.raw(source, (*at, "zone")) is not None:
            yield source.warn((*at, "zone"), "has no effect: it is for promised days (`by: {attribute: ...}`)")


def _pause_without_within(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        if sla.pause is not None and sla.within is None:
            source, at = _sla(sla, sources)
            yield source.warn((*at, "pause"), "has no effect: a pause does not move a due date")


def _calendar_of_a_promise(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        source, at = _sla(sla, sources)
        is_idle = sla.promise is not None and sla.calendar is not None and sla.at_risk is None
        if is_idle and sources.raw(source, (*at, "zone")) is not None:
            yield source.warn((*at, "calendar"), "has no effect: the promised date and `zone` decide")


def _impossible_answers(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for workflow in catalog.workflows:
        for sla in workflow.slas:
            if sla.feed is None and workflow.milestone(sla.from_milestone).ends is not None:
                source, at = _sla(sla, sources)
                yield source.warn((*at, "from"), f"`{sla.from_milestone}` ends the instance: nothing should follow it")


def _undescribed_systems(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    known = [each.id for each in catalog.systems]
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for milestone in workflow.milestones:
            if milestone.system is not None and milestone.system not in known:
                path = ("milestones", milestone.place, "system")
                near = nearest(milestone.system, known)
                yield source.warn(path, f"no system `{milestone.system}` is described", near if is_guess(near) else "")


def _unused_systems(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    named = {milestone.system for workflow in catalog.workflows for milestone in workflow.milestones}
    for system in catalog.systems:
        if catalog.workflows and system.id not in named:
            source, at = sources.item("systems", system.id)
            yield source.warn(at, f"no milestone names `{system.id}`: it will never be seen")


def _workflows_without_an_end(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for workflow in catalog.workflows:
        if all(each.ends is None for each in workflow.milestones):
            source = sources.workflow(workflow.name)
            yield source.warn(("milestones",), "no milestone `ends` an instance: all stay in progress for ever")


def _routes_to_nothing(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    values = _label_values(catalog)
    for route in catalog.routes:
        source, at = sources.item("routes", route.id)
        for label, wanted in route.match:
            path = (*at, "match", label)
            if label not in ALERT_LABELS:
                yield source.warn(path, f"no alert has a label `{label}`", nearest(label, ALERT_LABELS))
            elif label in values:
                yield from _unknown_values(label, wanted, values[label], source, path)


def _unknown_values(
    label: str, wanted: tuple[str, ...], known: list[str], source: Source, path: Path
) -> Iterator[Problem]:
    """Values that nothing has, where no other does either or where one is all but spelled like it."""
    is_idle = not any(value in known for value in wanted)
    for value in wanted:
        near = nearest(value, known)
        if value not in known and (is_idle or is_guess(near)):
            yield source.warn(path, f"nothing in this catalog has the {label} `{value}`", near)


def _label_values(catalog: Catalog) -> dict[str, list[str]]:
    slas, workflows = catalog.slas, catalog.workflows
    milestones = [each for workflow in workflows for each in workflow.milestones]
    owners = (
        [each.owner for each in slas] + [each.owner for each in workflows] + [each.owner for each in catalog.systems]
    )
    systems = [*(each.id for each in catalog.systems), *(each.system for each in milestones)]
    return {
        "workflow": _known(each.name for each in workflows),
        "sla": _known(each.id for each in slas),
        "severity": _known(each.severity for each in slas),
        "owner": _known(owners),
        "milestone": _known(each.id for each in milestones),
        "system": _known(systems),
    }


def _known(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(each for each in values if each))


def _unreached_routes(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    catch_all = None
    for route in catalog.routes:
        if catch_all is not None:
            source, at = sources.item("routes", route.id)
            yield source.warn(
                at, f"is never asked: `{catch_all}` before it takes every alert", "give that `continue: true`"
            )
        if catch_all is None and not route.match and not route.continue_:
            catch_all = route.id


def _untold_owners(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    """Where every route goes by owner, one whom none of them names hears of nothing."""
    by_label = [dict(route.match) for route in catalog.routes]
    if not by_label or not all("owner" in labels for labels in by_label):
        return
    told = {owner for labels in by_label for owner in labels["owner"]}
    for sla in catalog.slas:
        source, at = _sla(sla, sources)
        if sla.owner is not None and sla.owner not in told:
            is_own = sources.raw(source, (*at, "owner")) is not None
            path = (*at, "owner") if is_own else ("owner",)
            yield source.warn(path, f"every route goes by owner and none names `{sla.owner}`: nobody is told")


def _shared_services(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for system in catalog.systems:
        source, at = sources.item("systems", system.id)
        for index, service in enumerate(system.services):
            other = owner.setdefault(service, system.id)
            if other != system.id:
                yield source.warn((*at, "services", index), f"`{service}` is also a service of `{other}`")


def _unused_calendars(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    used = {each.calendar for each in catalog.slas} | {each.calendar for each in catalog.systems}
    for calendar in catalog.calendars:
        source, at = sources.calendar(calendar.name)
        if calendar.name not in used:
            yield source.warn(at, "no SLA and no system uses this calendar")
        if sources.raw(source, (*at, "zone")) is None:
            yield source.warn(at, "has no `zone`: its hours are in UTC")


def _unusual_levels(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for sla in catalog.slas:
        near = nearest(sla.severity, USUAL_LEVELS)
        if sla.severity not in USUAL_LEVELS and is_guess(near):
            source, at = _sla(sla, sources)
            yield source.warn((*at, "severity"), f"`{sla.severity}` is an unusual severity", near)


def _no_workflow(catalog: Catalog, _sources: Sources) -> Iterator[Problem]:
    if not catalog.workflows:
        file = catalog.sources[0][0] if catalog.sources else "catalog"
        yield Problem(file, "", "no workflow is declared: nothing will be followed")


def _sla(sla: Sla, sources: Sources) -> tuple[Source, Path]:
    source = sources.workflow(sla.workflow)
    return source, sources.path(source, "slas", sla.id)


RULES: tuple[Callable[[Catalog, Sources], Iterable[Problem]], ...] = (
    _no_workflow,
    _workflows_without_an_end,
    *UNREACHABLE,
    _undescribed_systems,
    _unused_systems,
    _days_of_business_time,
    _unreachable_risk,
    _silence_within_a_minute,
    _volume_of_an_instant,
    _zeros_before_blanks,
    _zone_without_promise,
    _calendar_of_a_promise,
    _pause_without_within,
    _impossible_answers,
    _unusual_levels,
    _routes_to_nothing,
    _unreached_routes,
    _untold_owners,
    _shared_services,
    _unused_calendars,
)
