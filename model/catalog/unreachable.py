"""What no record can ever reach: matchers that contradict themselves, keys that nothing links.

Warnings, as in `advice`: whether an attribute is ever sent cannot be known from a catalog, so only what is certain from
the definitions alone is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from model.catalog.problems import is_guess, nearest
from model.catalog.sources import Source, Sources
from model.catalog.yaml_text import Path, WrittenFloat
from model.definitions import (
    TRACE_KEY,
    Catalog,
    Comparison,
    Condition,
    KeyType,
    Match,
    Milestone,
    System,
    Workflow,
)
from model.errors import Problem
from model.patterns import may_match

_ALL_SIGNALS = frozenset({"span", "span event", "log record"})
_SIGNALS_OF_PATTERN = {
    "span": frozenset({"span", "span event"}),
    "event": frozenset({"span event", "log record"}),
    "body": frozenset({"log record"}),
}
_LOWER = (Comparison.GTE, Comparison.GT)
_UPPER = (Comparison.LTE, Comparison.LT)


def _unlinked_keys(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        yield from _twin_keys(workflow, source)
        yield from _keys_apart(workflow, source)
        if sources.raw(source, ("keys", TRACE_KEY)) is False and len(workflow.keys) == 1:
            yield source.warn(
                ("keys",), "there is one key and `trace` is off: only events that carry the root are found"
            )


def _twin_keys(workflow: Workflow, source: Source) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], str] = {}
    for key in workflow.keys:
        other = seen.setdefault((key.alternatives, key.patterns), key.name)
        if not key.is_trace and other != key.name:
            message = f"has the same attributes as `{other}`: nothing links the one to the other"
            yield source.warn(("keys", key.name), message)


def _keys_apart(workflow: Workflow, source: Source) -> Iterator[Problem]:
    """A key leads to the root where one record can carry it together with a key nearer to the root that does."""
    read = _signals(workflow.milestones)
    found = {key.name: _signals_of(key) & read for key in workflow.keys}
    leading: list[KeyType] = []
    for key in workflow.keys:
        if not found[key.name]:
            kinds = " or ".join(sorted(_signals_of(key)))
            yield source.warn(("keys", key.name), f"is never found: no milestone is reached by a {kinds}")
        elif key.rank == 0 or any(found[key.name] & found[other.name] for other in leading):
            leading.append(key)
        else:
            yield source.warn(
                ("keys", key.name), "nothing links it: no record can carry it and a key nearer to the root"
            )


def _signals(milestones: Iterable[Milestone]) -> frozenset[str]:
    """The kinds of record that reach some milestone."""
    found: set[str] = set()
    for milestone in milestones:
        match = milestone.match
        if match.event is None:
            found.add("span")
        else:
            found |= {"span event"} if match.span is not None else {"span event", "log record"}
    return frozenset(found)


def _signals_of(key: KeyType) -> frozenset[str]:
    """The kinds of record in which the key can be found."""
    if key.is_trace or key.alternatives:
        return _ALL_SIGNALS
    return frozenset().union(*(_SIGNALS_OF_PATTERN.get(each.place, _ALL_SIGNALS) for each in key.patterns))


def _shadowed_milestones(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        seen: dict[Match, Milestone] = {}
        for milestone in workflow.milestones:
            other = seen.setdefault(_in_one_order(milestone.match), milestone)
            if other is not milestone:
                message = f"matches exactly what `{other.id}` matches: every record is an event of both"
                yield source.warn(("milestones", milestone.place, "match"), message)


def _in_one_order(match: Match) -> Match:
    """The same match however its values and attributes are listed."""
    return replace(
        match,
        span=match.span and _sorted(match.span),
        event=match.event and _sorted(match.event),
        service=match.service and _sorted(match.service),
        source=match.source and _sorted(match.source),
        attributes=tuple(sorted(((name, _sorted(each)) for name, each in match.attributes), key=str)),
    )


def _sorted(condition: Condition) -> Condition:
    return replace(condition, values=tuple(sorted(set(condition.values))))


def _impossible_matches(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    systems = {each.id: each for each in catalog.systems}
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for milestone in workflow.milestones:
            at: Path = ("milestones", milestone.place, "match")
            for name in dict.fromkeys(name for name, _ in milestone.match.attributes):
                asked = [each for other, each in milestone.match.attributes if other == name]
                if reason := _contradiction(asked):
                    yield source.warn((*at, "attributes", name), f"can never hold: {reason}")
            yield from _impossible_origin(milestone.match, source, at)
            yield from _foreign_service(milestone, systems, source, at)


def _contradiction(asked: list[Condition]) -> str:
    """Why no value holds all of the conditions on one attribute; empty where some value may."""
    is_missing = any(each.comparison is Comparison.EXISTS and each.operand is False for each in asked)
    if is_missing and len(asked) > 1:
        return "the attribute is to be missing and to have a value"
    low = [(each.operand, each.comparison is Comparison.GT) for each in asked if each.comparison in _LOWER]
    high = [(each.operand, each.comparison is Comparison.LT) for each in asked if each.comparison in _UPPER]
    for lower, is_above in low:
        for upper, is_below in high:
            if not isinstance(lower, float) or not isinstance(upper, float):
                continue
            if lower > upper:
                return "the lower bound is above the upper one"
            if lower == upper and (is_above or is_below):
                return "the bounds leave no number between them"
    return ""


def _impossible_origin(match: Match, source: Source, at: Path) -> Iterator[Problem]:
    """The source of a span is its service."""
    exact = [each.values for each in (match.service, match.source) if each and not any("*" in v for v in each.values)]
    if match.span is not None and len(exact) == 2 and all(exact) and set(exact[0]).isdisjoint(exact[1]):
        yield source.warn((*at, "source"), "can never hold: the source of a span is its service, which is another here")


def _foreign_service(milestone: Milestone, systems: dict[str, System], source: Source, at: Path) -> Iterator[Problem]:
    """A milestone of a system that says under which services it reports, and asks for another service."""
    system, asked = systems.get(milestone.system or ""), milestone.match.service
    if system is None or asked is None or not system.services:
        return
    if not any(_holds(asked, service) for service in system.services):
        near = nearest(asked.values[0] if asked.values else "", system.services)
        told = near if is_guess(near) else "known here: " + ", ".join(system.services)
        yield source.warn((*at, "service"), f"no service of `{system.id}` is called that", told)


def _holds(asked: Condition, name: str) -> bool:
    if asked.comparison is Comparison.PATTERN:
        return may_match(str(asked.operand), name)
    globs = (".*".join(re.escape(part) for part in value.split("*")) for value in asked.values)
    return any(re.fullmatch(glob, name, re.DOTALL) for glob in globs)


def _parted_groups(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    """All of a parallel group are expected where its first one stands: before what is declared between them."""
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for milestone in workflow.milestones if workflow.in_order else ():
            group, before = milestone.parallel, workflow.milestones[max(milestone.place - 1, 0)]
            is_begun = any(each.parallel == group for each in workflow.milestones[: milestone.place])
            if group is not None and is_begun and before.parallel != group:
                message = f"comes back to the group `{group}` after `{before.id}`, which is expected after the group"
                yield source.warn(("milestones", milestone.place, "parallel"), message)


def _idle_statuses(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for milestone in workflow.milestones:
            path = ("milestones", milestone.place, "match", "status")
            if milestone.match.span is None and sources.raw(source, path) is not None:
                yield source.warn(path, "has no effect: an event has no status, only a span has")


def _numbers_as_text(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    """What is asked of an attribute is text, and who sends a number sends it the shortest way."""
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for path in _attributes_asked(workflow, source, sources):
            asked = sources.raw(source, path)
            for each in asked if isinstance(asked, list) else [asked]:
                if isinstance(each, WrittenFloat) and each.written != _shortest(each):
                    message = f"`{each.written}` is asked for as text, and a number comes as `{_shortest(each)}`"
                    yield source.warn(path, message, f'put "{each.written}" in quotes where it is sent as text')


def _attributes_asked(workflow: Workflow, source: Source, sources: Sources) -> Iterator[Path]:
    """Where the conditions on attributes are written: of milestones, of the starts of SLAs and of their tiers."""
    parts: list[Path] = [("milestones", each.place, "match") for each in workflow.milestones]
    for sla in workflow.slas:
        at = sources.path(source, "slas", sla.id)
        parts += [(*at, "where"), *((*at, "tiers", index, "where") for index in range(len(sla.tiers)))]
    for part in parts:
        asked = sources.raw(source, (*part, "attributes"))
        yield from ((*part, "attributes", name) for name in asked) if isinstance(asked, dict) else ()


def _shortest(number: WrittenFloat) -> str:
    if number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    return number.written if "e" in number.written.lower() else repr(float(number))


def _exact_names_with_spaces(catalog: Catalog, sources: Sources) -> Iterator[Problem]:
    """White space at the ends of a name is never sent, and hard to see in a file."""
    for workflow in catalog.workflows:
        source = sources.workflow(workflow.name)
        for milestone in workflow.milestones:
            for part in ("span", "event", "service", "source"):
                condition: Condition | None = getattr(milestone.match, part)
                if condition and any(value != value.strip() for value in condition.values):
                    yield source.warn(("milestones", milestone.place, "match", part), "begins or ends with a space")


UNREACHABLE: tuple[Callable[[Catalog, Sources], Iterable[Problem]], ...] = (
    _unlinked_keys,
    _shadowed_milestones,
    _impossible_matches,
    _parted_groups,
    _idle_statuses,
    _numbers_as_text,
    _exact_names_with_spaces,
)
