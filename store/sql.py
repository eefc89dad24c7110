"""SQL texts with their bound values, read from a room's `queries/` folder or put together from parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

_OPTIONAL = re.compile(r"-- if (\w+)$")


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement or a part of one, and the values of its `{name:Type}` parameters."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: Sql) -> Sql:
        clash = {name for name in self.params.keys() & other.params.keys() if self.params[name] != other.params[name]}
        if clash:
            raise ValueError(f"two different values for the parameters {sorted(clash)}")
        return Sql(f"{self.text} {other.text}", {**self.params, **other.params})

    @staticmethod
    def joined(parts: Iterable[Sql], separator: str) -> Sql:
        """The parts in order, with their parameters; an empty text for no parts."""
        total = Sql("")
        for index, part in enumerate(parts):
            total = total + (Sql(separator) if index else Sql("")) + part
        return Sql(total.text.strip(), total.params)


@cache
def load_query(room: str, name: str) -> str:
    """The statement in `<room>/queries/<name>.sql`, its header comment included; raises FileNotFoundError."""
    return (files(room) / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def lines_for(room: str, name: str, there: frozenset[str]) -> str:
    """The statement in `<room>/queries/<name>.sql`; of lines that end in `-- if <what>` only those of what is `there`.

    Planning a condition takes longer than most ticks spend on what it would find.
    """
    found = []
    for line in load_query(room, name).splitlines():
        condition = _OPTIONAL.search(line)
        if condition is None or condition[1] in there:
            found.append(line)
    return "\n".join(found)


def spliced(room: str, name: str, there: frozenset[str] = frozenset(), /, **parts: Sql) -> Sql:
    """The statement of `lines_for` without its header, each `/*part*/` replaced by the part so named.

    Raises ValueError where two parts have different values for one parameter.
    """
    text = "\n".join(line for line in lines_for(room, name, there).splitlines() if not line.startswith("--"))
    total = Sql("")
    for each, part in parts.items():
        text = text.replace(f"/*{each}*/", part.text)
        total = Sql("", (total + part).params)
    return Sql(text, total.params)
