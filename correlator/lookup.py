"""What a person types, as the values that may have been stitched: as it is, and normalized as key types declare."""

from __future__ import annotations

import re

from model import KeyType, Workflow, composite_key, is_blank, normalized

_PART = re.compile(r"(?:\\.|[^/\\])*", re.DOTALL)


def stitched_values(key: KeyType, text: str) -> tuple[str, ...]:
    r"""The values of the key type that `text` may stand for: itself, then its normalized forms, the likeliest first.

    None for a blank text. A composite is read as its parts, separated by `/` (a `/` or `\` within a part escaped by
    `\`), each normalized.
    """
    if is_blank(text):
        return ()
    found = [normalized(text, key.normalize)]
    if any(len(parts) > 1 for parts in key.alternatives):
        parts = [re.sub(r"\\(.)", r"\1", each, flags=re.DOTALL) for each in _parts(text)]
        found.insert(0, composite_key([normalized(each, key.normalize) for each in parts]))
    return tuple(dict.fromkeys(each for each in [text, *found] if not is_blank(each)))


def root_values(workflow: Workflow, key: str) -> tuple[str, ...]:
    """The names of instances that `key` may stand for, first the one that it is to the letter."""
    return stitched_values(workflow.key_type(workflow.root), key)


def _parts(text: str) -> list[str]:
    parts, start = [], 0
    while True:
        match = _PART.match(text, start)
        assert match is not None  # noqa: S101 - the pattern matches the empty text as well
        parts.append(match.group())
        start = match.end() + 1
        if match.end() >= len(text):
            return parts
