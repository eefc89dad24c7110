"""A CloudEvent's JSON data as attributes: each scalar under its dotted path, lists under a repeated path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model import BadRequest

Scalar = str | bool | int | float


def attributes_of(data: dict[str, Any], nesting: int) -> dict[str, Scalar | list[Scalar]]:
    """Attributes of a JSON object.

    `{"order": {"id": 7}}` is `order.id = 7`; `{"lines": [{"order": 1}, {"order": 2}]}` is `lines[].order = [1, 2]`; a
    list of scalars is found under its own name too: `{"tags": ["a"]}` is `tags[] = ["a"]` and `tags = ["a"]`. Nulls
    and empty lists give nothing. Raises `BadRequest` where it is nested more than `nesting` deep.
    """
    found: dict[str, Scalar | list[Scalar]] = {}
    for path, value, repeated in _leaves(data, "", False, nesting):
        if not repeated:
            found[path] = value
            continue
        values = found.setdefault(path, [])
        if isinstance(values, list):
            values.append(value)
    for path in [each for each in found if each.endswith("[]") and "[]" not in each[:-2]]:
        found.setdefault(path[:-2], found[path])
    return found


def _leaves(value: Any, path: str, repeated: bool, left: int) -> Iterator[tuple[str, Scalar, bool]]:
    if left <= 0 and isinstance(value, dict | list):
        raise BadRequest("the data is nested too deeply")
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else key, repeated, left - 1)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, f"{path}[]", True, left - 1)
    elif value is not None:
        yield path, value, repeated
