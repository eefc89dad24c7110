"""Which version of each SLA judges which clocks: a pure function of the catalogs a tenant has applied."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from model import Calendar, Catalog, Occurrence, Sla, System, Workflow

ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
NEVER_ENDS = datetime(2299, 12, 31, tzinfo=UTC)


class Applied(Protocol):
    """A catalog and the instant from which on it counts."""

    @property
    def catalog(self) -> Catalog: ...

    @property
    def effective_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class SlaVersion:
    """One version of an SLA with all it refers to; it judges clocks with effective_from <= start < effective_to.

    `system` is the one that answers, if it declares a cadence. `waited_from` is when it first was about its feed.
    """

    sla: Sla
    workflow: Workflow
    calendar: Calendar | None
    system: System | None
    system_calendar: Calendar | None
    effective_from: datetime
    effective_to: datetime
    waited_from: datetime = ALWAYS


def sla_versions(history: Sequence[Applied]) -> tuple[SlaVersion, ...]:
    """The versions of every SLA of the newest catalog, oldest first within each SLA; empty for an empty history.

    The first version judges all history, a later one what starts from the instant it was applied on. A catalog that
    leaves the meaning of an SLA as it was makes no new version of it, but what it refers to is the newest. Milestones
    that have another name by now are meant by it (`_renamed`).
    """
    if not history:
        return ()
    newest = max(history, key=lambda each: each.effective_at).catalog
    found: dict[str, list[SlaVersion]] = {}
    for applied in sorted(history, key=lambda each: each.effective_at):
        for sla in applied.catalog.slas:
            versions = found.setdefault(sla.id, [])
            start = applied.effective_at if versions else ALWAYS
            is_same_feed = bool(versions) and versions[-1].sla.feed == sla.feed
            waited_from = versions[-1].waited_from if is_same_feed else applied.effective_at
            version = replace(_resolved(applied.catalog, newest, sla, start), waited_from=waited_from)
            if versions and versions[-1].sla.hash == sla.hash:
                versions[-1] = replace(version, effective_from=versions[-1].effective_from)
            else:
                if versions:
                    versions[-1] = replace(versions[-1], effective_to=start)
                versions.append(version)
    return tuple(version for sla in newest.slas for version in _renamed(found[sla.id]))


def single_slas(versions: Iterable[SlaVersion]) -> list[str]:
    """The SLAs of which no version has more than one clock for an instance, sorted."""
    several = {
        each.sla.id for each in versions if each.sla.feed or each.sla.per or each.sla.occurrence is Occurrence.EACH
    }
    return sorted({each.sla.id for each in versions} - several)


def fingerprints(versions: Iterable[SlaVersion]) -> dict[str, str]:
    """For each SLA id a hash of everything its verdicts depend on besides data and time (SHA-256, hexadecimal)."""
    parts: dict[str, list[object]] = {}
    for each in versions:
        parts.setdefault(each.sla.id, []).append(
            (
                each.sla.hash,
                each.workflow.hash,
                each.effective_from.isoformat(),
                each.effective_to.isoformat(),
                (each.system.id, each.system.cadence) if each.system else None,
                each.system_calendar.hash if each.system_calendar else None,
            )
        )
    return {sla: hashlib.sha256(repr(each).encode()).hexdigest() for sla, each in parts.items()}


def _renamed(versions: Sequence[SlaVersion]) -> list[SlaVersion]:
    """Each version, about what the next one is about where its workflow no longer has the milestones it names.

    Nothing reaches those any more: promises that were kept, or will be, would be broken for another name.
    """
    present = {each.id for each in versions[-1].workflow.milestones}
    found = [versions[-1]]
    for each in reversed(versions[:-1]):
        is_alike = each.sla.workflow == found[0].sla.workflow and _feed_name(each.sla) == _feed_name(found[0].sla)
        is_lost = not set(milestones_of(each.sla)) <= present
        found.insert(0, _about(each, found[0], present) if is_alike and is_lost else each)
    return found


def _about(version: SlaVersion, later: SlaVersion, present: Set[str]) -> SlaVersion:
    sla, other = version.sla, later.sla
    is_answer_lost = sla.to_milestone not in present
    is_pause_lost = sla.pause is not None and not {sla.pause.from_milestone, sla.pause.to_milestone} <= present
    return replace(
        version,
        sla=replace(
            sla,
            from_milestone=sla.from_milestone if sla.from_milestone in present else other.from_milestone,
            to_milestone=other.to_milestone if is_answer_lost else sla.to_milestone,
            pause=other.pause if is_pause_lost else sla.pause,
            feed=other.feed,
        ),
        workflow=later.workflow,
        system=later.system if is_answer_lost else version.system,
        system_calendar=later.system_calendar if is_answer_lost else version.system_calendar,
    )


def milestones_of(sla: Sla) -> Iterator[str]:
    """The milestones an SLA names; some more than once."""
    yield from (sla.from_milestone, sla.to_milestone, *(sla.feed.milestones if sla.feed else ()))
    if sla.pause is not None:
        yield from (sla.pause.from_milestone, sla.pause.to_milestone)


def _feed_name(sla: Sla) -> str | None:
    return sla.feed.name if sla.feed else None


def _resolved(catalog: Catalog, newest: Catalog, sla: Sla, start: datetime) -> SlaVersion:
    """The version with what it refers to; what is said of a system holds for all versions as it is said now."""
    workflow = catalog.workflow(sla.workflow)
    reporter = workflow.milestone(sla.to_milestone).system
    system = newest.system(reporter) if reporter else None
    if sla.feed is not None or (system is not None and system.cadence is None):
        system = None  # of a feed the silence itself is what is judged
    return SlaVersion(
        sla=sla,
        workflow=workflow,
        calendar=catalog.calendar(sla.calendar) if sla.calendar else None,
        system=system,
        system_calendar=newest.calendar(system.calendar) if system and system.calendar else None,
        effective_from=start,
        effective_to=NEVER_ENDS,
    )
