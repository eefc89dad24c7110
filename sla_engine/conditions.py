"""Filters of SLAs as SQL conditions over staged events. Names and values are bound, every condition is total.

The same meaning as in a milestone's match: texts are exact or globs, orderings compare numbers, a value that is missing
or is no number does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from model import Comparison, Condition, Filter, Level, Workflow
from store import Sql

_ORDERINGS = {Comparison.GTE: ">=", Comparison.GT: ">", Comparison.LTE: "<=", Comparison.LT: "<"}


class Conditions:
    """Builds the conditions of one statement; its parameters are numbered from 0 as `where_N`."""

    def __init__(self, workflow: Workflow) -> None:
        self._amount = workflow.amount.attribute if workflow.amount else ""
        self._numbers = count()
        self._params: dict[str, Any] = {}

    def chosen(self, wanted: Iterable[Filter], unwanted: Iterable[Filter]) -> Sql:
        """Passes all of `wanted` and none of `unwanted`."""
        parts = [self._passes(each) for each in wanted]
        parts += [f"NOT ({self._passes(each)})" for each in unwanted]
        return Sql(" AND ".join(parts) or "1", dict(self._params))

    def _passes(self, filter_: Filter) -> str:
        parts = [self._attribute(name, condition) for name, condition in filter_.attributes]
        parts += [self._attribute(self._amount, condition) for condition in filter_.amount]
        for name, condition in filter_.keys:
            values = f"e.keys[{self._bound('String', name)}]"
            if condition.comparison is Comparison.EXISTS:
                parts.append(f"{'notEmpty' if condition.operand else 'empty'}({values})")
            else:
                parts.append(f"arrayExists(v -> {self._holds('v', condition)}, {values})")
        if filter_.system is not None:
            parts.append(self._holds("e.system", filter_.system))
        if filter_.criticality is not None:
            parts.append(self._holds(self._level(filter_.criticality), filter_.criticality.condition))
        return " AND ".join(f"({part})" for part in parts)

    def _level(self, level: Level) -> str:
        declared = self._bound("String", level.declared)
        if level.attribute is None:
            return declared
        said = f"trimBoth(e.attributes[{self._bound('String', level.attribute)}])"
        return f"if({said} != '', {said}, {declared})"

    def _attribute(self, name: str, condition: Condition) -> str:
        bound = self._bound("String", name)
        if condition.comparison is Comparison.EXISTS:
            there = f"mapContains(e.attributes, {bound})"
            return there if condition.operand else f"NOT {there}"
        return f"mapContains(e.attributes, {bound}) AND {self._holds(f'e.attributes[{bound}]', condition)}"

    def _holds(self, value: str, condition: Condition) -> str:
        comparison = condition.comparison
        if comparison is Comparison.EXISTS:
            return f"{'notEmpty' if condition.operand else 'empty'}({value})"
        if comparison is Comparison.PATTERN:
            return f"match({value}, {self._bound('String', str(condition.operand))})"
        if comparison in _ORDERINGS:
            number = self._bound("Float64", float(condition.operand or 0))
            as_number = f"toFloat64OrNull(toString({value}))"
            return f"ifNull(isFinite({as_number}) AND {as_number} {_ORDERINGS[comparison]} {number}, 0)"
        parts = [
            f"toString({value}) LIKE {self._bound('String', _like(each))}"
            if "*" in each
            else f"{value} = {self._bound('String', each)}"
            for each in condition.values
        ]
        return f"({' OR '.join(parts)})"

    def _bound(self, type_: str, value: Any) -> str:
        name = f"where_{next(self._numbers)}"
        self._params[name] = value
        return f"{{{name}:{type_}}}"


def attributes_of(filter_: Filter, workflow: Workflow) -> set[str]:
    """The attributes a filter asks for."""
    names = {name for name, _ in filter_.attributes}
    if filter_.criticality is not None and filter_.criticality.attribute is not None:
        names.add(filter_.criticality.attribute)
    return names | {workflow.amount.attribute} if filter_.amount and workflow.amount else names


def _like(glob: str) -> str:
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
