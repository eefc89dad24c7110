"""Typed keys: workflow, key type and normalized value in one string, the one column all key tables are looked up by.

The separator cannot be in the name of a workflow or key type; the value comes last and may hold anything.
"""

from __future__ import annotations

from collections.abc import Sequence

SEPARATOR = "\x1f"


def typed_key(workflow: str, key_type: str, value: str) -> str:
    """The typed key of a value."""
    return SEPARATOR.join((workflow, key_type, value))


def split_typed_key(key: str) -> tuple[str, str, str]:
    """Workflow, key type and value of a typed key."""
    workflow, key_type, value = key.split(SEPARATOR, 2)
    return workflow, key_type, value


def by_type(keys: list[str]) -> dict[str, list[str]]:
    """Values by key type, in the order the keys are given, each once."""
    found: dict[str, list[str]] = {}
    for key in keys:
        _, key_type, value = split_typed_key(key)
        values = found.setdefault(key_type, [])
        if value not in values:
            values.append(value)
    return found


def innermost(keys: Sequence[str]) -> list[str]:
    """Of an event's keys, which come in the order of their types from the root outward, those of the first type."""
    if not keys:
        return []
    first = typed_key(*split_typed_key(keys[0])[:2], "")
    return [key for key in keys if key.startswith(first)]
