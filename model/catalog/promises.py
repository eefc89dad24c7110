"""SLAs that no instance could keep, or break: what contradicts itself or the workflow it is about.

Only what is certain from the definitions is refused; what merely looks odd is a warning (`model.catalog.advice`).
"""

from __future__ import annotations

from collections.abc import Iterator

from model.catalog.problems import Place
from model.catalog.yaml_text import Path
from model.definitions import Calendar, Milestone, Outcome, Sla, Workflow


def check_promise(sla: Sla, owner: Workflow, calendar: Calendar | None, at: Path, place: Place) -> None:
    """Report what makes an SLA impossible; milestones that are not declared are somebody else's care."""
    if calendar is not None and never_opens(calendar):
        place.add((*at, "calendar"), f"the calendar `{calendar.name}` has no working time: this clock would never run")
    allowed = [each for each in (sla.within, sla.every, *(tier.within for tier in sla.tiers)) if each is not None]
    if sla.objective is not None and allowed and sla.objective.window < max(allowed):
        field = "period" if sla.objective.period else "window"
        place.add((*at, "objective", field), "is shorter than the time the SLA allows")
    if sla.feed is None:
        for path, message in _impossible(sla, owner):
            place.add((*at, *path), message)


def never_opens(calendar: Calendar) -> bool:
    """Whether neither a weekday nor a day of its own has working time."""
    return not any(calendar.hours) and not any(spans for _, spans in calendar.days)


def _impossible(sla: Sla, owner: Workflow) -> Iterator[tuple[Path, str]]:
    declared = {each.id: each for each in owner.milestones}
    start, end = declared.get(sla.from_milestone), declared.get(sla.to_milestone)
    if start is not None and start.ends is Outcome.CANCELLED:
        yield ("from",), f"`{start.id}` cancels the instance: every clock would be cancelled by what starts it"
    if start is not None and end is not None and _comes_before(owner, end, start):
        yield ("to",), _never("answers", end, start)
    if sla.pause is not None:
        stop, go = declared.get(sla.pause.from_milestone), declared.get(sla.pause.to_milestone)
        if stop is not None and go is not None and _comes_before(owner, go, stop):
            yield ("pause", "to"), _never("resumes", go, stop)


def _never(what: str, end: Milestone, start: Milestone) -> str:
    return (
        f"`{end.id}` is declared before `{start.id}` and comes once, so it never {what} what begins there; "
        "declare them in the order they happen in, or `expected_order: any`"
    )


def _comes_before(owner: Workflow, first: Milestone, second: Milestone) -> bool:
    """Whether the declared order says that one is only ever reached before the other."""
    if not owner.in_order or first.repeatable or not (_is_expected(first) and _is_expected(second)):
        return False
    return _step(owner, first) < _step(owner, second)


def _is_expected(milestone: Milestone) -> bool:
    """Whether the order of declaration is about it: not what may happen at any time, or not at all."""
    ends_early = milestone.ends in {Outcome.CANCELLED, Outcome.FAILED}
    return milestone.kind in {"milestone", "step"} and not milestone.optional and not ends_early


def _step(owner: Workflow, milestone: Milestone) -> int:
    """Its place in the order; that of the first of its group where it may be reached beside others."""
    if milestone.parallel is None:
        return milestone.place
    return min(each.place for each in owner.milestones if each.parallel == milestone.parallel)
