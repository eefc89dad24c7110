"""Statements with a place, `/*name*/`, where another room's or another query's SELECT goes in."""

from __future__ import annotations

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
