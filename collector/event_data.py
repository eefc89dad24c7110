"""A CloudEvent's JSON data as attributes: each scalar under its dotted path, lists under a repeated path.

A path repeats the names of all objects it leads through, so a few long names around many values could make a small
request a large one: what the paths of all events of a request take together is bounded.
"""

from __future__ import annotations

from typing import Any

from collector.intake import Refusal
from model import BadRequest

Scalar = str | bool | int | float


class PathRoom:
    """How many characters the paths of all data of one request may have together."""

    def __init__(self, characters: int) -> None:
        self._characters = self._left = characters

    def take(self, path: str) -> None:
        """Count a path; raises `Refusal`."""
        self._left -= len(path)
        if self._left < 0:
            raise Refusal(
                "too_large",
                f"the data's values lie under paths that are together longer than {self._characters} characters: "
                f"`{path[:40]}` is one",
            )


def attributes_of(data: dict[str, Any], nesting: int, room: PathRoom) -> dict[str, Scalar | list[Scalar]]:
    """Attributes of a JSON object.

    `{"order": {"id": 7}}` is `order.id = 7`; `{"lines": [{"order": 1}, {"order": 2}]}` is `lines[].order = [1, 2]`; a
    list of scalars is found under its own name too: `{"tags": ["a"]}` is `tags[] = ["a"]` and `tags = ["a"]`. Nulls
    and empty lists give nothing. Raises `BadRequest` where it is nested more than `nesting` deep, `Refusal` where there
    is no room for its paths.
    """
    found: dict[str, Scalar | list[Scalar]] = {}
    _gather([data], "", False, nesting, room, found)
    for path in [each for each in found if each.endswith("[]") and "[]" not in each[:-2]]:
        found.setdefault(path[:-2], found[path])
    return found


def _gather(
    values: list[Any], path: str, repeated: bool, left: int, room: PathRoom, found: dict[str, Scalar | list[Scalar]]
) -> None:
    """Put all that lies at and below one path into `found`; each path is made once, however many values it has."""
    room.take(path)
    objects = [each for each in values if isinstance(each, dict)]
    lists = [each for each in values if isinstance(each, list)]
    if left <= 0 and (objects or lists):
        raise BadRequest("the data is nested too deeply")
    scalars = [each for each in values if each is not None and not isinstance(each, dict | list)]
    if scalars and not repeated:
        found[path] = scalars[0]
    elif scalars:
        listed = found.setdefault(path, [])
        if isinstance(listed, list):
            listed += scalars
    members: dict[str, list[Any]] = {}
    for each in objects:
        for name, value in each.items():
            members.setdefault(name, []).append(value)
    for name, below in members.items():
        _gather(below, f"{path}.{name}" if path else name, repeated, left - 1, room, found)
    if lists:
        _gather([value for each in lists for value in each], f"{path}[]", True, left - 1, room, found)
