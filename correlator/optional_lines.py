"""Statements with lines that are not always needed."""

from __future__ import annotations

import re
from functools import cache

from store import load_query

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
