"""Statements with a place, `/*name*/`, where another SELECT goes in, or with lines that are not always needed."""

from __future__ import annotations

import re
from functools import cache

from store import Sql, load_query


def spliced(query: str, **parts: Sql) -> Sql:
    """The query of that name, without its header, each `/*name*/` replaced by the part of that name."""
    lines = load_query("correlator", query).splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    total = Sql("")
    for name, part in parts.items():
        text = text.replace(f"/*{name}*/", part.text)
        total = Sql("", (total + part).params)
    return Sql(text, total.params)


_OPTIONAL = re.compile(r"-- if (\w+)$")


@cache
def lines_for(query: str, there: frozenset[str]) -> str:
    """The query of that name without the lines that end in `-- if <name>`, unless the name is among `there`.

    Planning a condition takes longer than most ticks spend on what it would find.
    """
    found = []
    for line in load_query("correlator", query).splitlines():
        condition = _OPTIONAL.search(line)
        if condition is None or condition[1] in there:
            found.append(line)
    return "\n".join(found)
