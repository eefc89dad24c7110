"""Which records reach a milestone: matchers as conditions over the columns of a record (see `records`).

Every condition is total: a value that is missing or does not convert does not match.
"""

from __future__ import annotations

from collections.abc import Callable

from correlator.compiling.sql_ast import Node, all_of, any_of, call, column, number, one_in, text
from model import Comparison, Condition, Match, Milestone

_ORDERINGS = {
    Comparison.GTE: "greaterOrEquals",
    Comparison.GT: "greater",
    Comparison.LTE: "lessOrEquals",
    Comparison.LT: "less",
}
_ATTRIBUTE_MAPS = ("own_attributes", "span_attributes", "resource_attributes")
_ALL_STATUSES = frozenset({"ok", "error", "unset"})


def attribute(name: str | Node) -> Node:
    """The value of an attribute: the record's own, else its span's (of a span event), else the resource's, else ''.

    An empty value counts as none and the next place is asked.
    """
    own, span, resource = (call("arrayElement", column(each), name) for each in _ATTRIBUTE_MAPS)
    return call("multiIf", call("notEmpty", own), own, call("notEmpty", span), span, resource)


def source() -> Node:
    """The source of a CloudEvent or an imported row; of any other record its service."""
    told = call("arrayElement", column("own_attributes"), "cloudevents.event_source")
    return call("if", call("notEmpty", told), told, column("service"))


def condition_on_attribute(name: str, condition: Condition) -> Node:
    """Whether the attribute holds the condition; only `exists: false` is true of a missing one."""
    there = any_of([call("mapContains", column(each), name) for each in _ATTRIBUTE_MAPS])
    if condition.comparison is Comparison.EXISTS:
        return there if condition.operand else call("not", there)
    holds = condition_on(attribute(name), condition)
    may_hold_of_nothing = condition.comparison is Comparison.PATTERN or any(
        not value.replace("*", "") for value in condition.values
    )
    return all_of([there, holds]) if may_hold_of_nothing else holds


def condition_on(value: Node, condition: Condition) -> Node:
    """Whether a text holds the condition."""
    comparison = condition.comparison
    if comparison is Comparison.EXISTS:
        return call("notEmpty" if condition.operand else "empty", value)
    if comparison is Comparison.PATTERN:
        return call("match", value, str(condition.operand))
    if comparison in _ORDERINGS:
        as_number = call("toFloat64OrNull", value)
        compared = call(_ORDERINGS[comparison], as_number, number(float(condition.operand or 0)))
        return call("ifNull", all_of([call("isFinite", as_number), compared]), 0)
    exact = [each for each in condition.values if "*" not in each]
    globs = [each for each in condition.values if "*" in each]
    return any_of(
        ([one_in(value, exact)] if exact else []) + [call("like", value, text(_like(glob))) for glob in globs]
    )


def reaches(milestone: Milestone) -> Node:
    """Whether a record reaches the milestone."""
    return all_of([*_names(milestone.match), *_besides_its_name(milestone.match)])


def reaches_by_name(milestone: Milestone) -> Node:
    """Whether a record that is known to have the milestone's signal and name reaches it."""
    match = milestone.match
    of_span = match.span is not None and match.event is not None
    return all_of([*(_names(match)[::2] if of_span else []), *_besides_its_name(match)])


def names_asked(milestone: Milestone) -> tuple[str, ...]:
    """The exact names of which the span (where it asks for a span only) or the event must have one; () for patterns."""
    asked = milestone.match.span if milestone.match.event is None else milestone.match.event
    if asked is None or asked.comparison is not Comparison.ANY_OF or any("*" in each for each in asked.values):
        return ()
    return tuple(dict.fromkeys(asked.values))


def _besides_its_name(match: Match) -> list[Node]:
    parts = []
    if match.service is not None:
        parts.append(condition_on(column("service"), match.service))
    if match.source is not None:
        parts.append(condition_on(source(), match.source))
    if match.span is not None and match.statuses != _ALL_STATUSES:
        parts.append(one_in(column("status"), sorted(match.statuses)))
    return parts + [condition_on_attribute(name, condition) for name, condition in match.attributes]


def may_be_span(milestones: tuple[Milestone, ...], name: Node) -> Node:
    """Whether a span of that name could reach any of the milestones."""
    return _any_name(milestones, name, lambda match: match.span if match.event is None else None)


def may_be_event(milestones: tuple[Milestone, ...], name: Node) -> Node:
    """Whether a log record or span event of that name could reach any of the milestones."""
    return _any_name(milestones, name, lambda match: match.event)


def _any_name(milestones: tuple[Milestone, ...], name: Node, pick: Callable[[Match], Condition | None]) -> Node:
    conditions = [found for each in milestones if (found := pick(each.match)) is not None]
    values = tuple(dict.fromkeys(value for each in conditions for value in each.values))
    merged = [condition_on(name, Condition(Comparison.ANY_OF, values))] if values else []
    others = [condition_on(name, each) for each in conditions if each.comparison is not Comparison.ANY_OF]
    return any_of(merged + others)


def _names(match: Match) -> list[Node]:
    name, signal = column("name"), column("signal")
    if match.event is None:
        assert match.span is not None, "a match names a span or an event"  # noqa: S101
        return [call("equals", signal, "span"), condition_on(name, match.span)]
    if match.span is None:
        return [call("notEquals", signal, "span"), condition_on(name, match.event)]
    return [
        call("equals", signal, "span_event"),
        condition_on(name, match.event),
        condition_on(column("span_name"), match.span),
    ]


def _like(glob: str) -> str:
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
