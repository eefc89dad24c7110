"""Patterns of conditions: whether a regular expression is one that RE2, ClickHouse's engine, takes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

_LONGEST = 1_000
_WHAT_RE2_LACKS = (
    (re.compile(r"\(\?<?[=!]"), "looking ahead or behind"),
    (re.compile(r"\(\?>"), "atomic groups"),
    (re.compile(r"\(\?\("), "conditional groups"),
    (re.compile(r"\(\?#"), "comments in groups"),
    (re.compile(r"\(\?P=|\\[1-9]"), "references back to a group"),
    (re.compile(r"\(\?[a-zA-Z]*[aLux]"), "the flags a, L, u and x"),
    (re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\+"), "possessive quantifiers"),
    (re.compile(r"\\Z"), r"`\Z` (write `\z`)"),
    (re.compile(r"\\[uU]"), r"`\u` (write the character, or `\x{...}`)"),
)
_GROUP_NAME = re.compile(r"\\.|\(\?P?<(\w+)>", re.DOTALL)
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.dot_nl = True  # as the engine's `match`


def check_pattern(pattern: str) -> None:
    """Raise ValueError with a sentence for a person unless RE2 compiles the pattern.

    Its syntax: github.com/google/re2/wiki/Syntax.
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"the pattern is longer than {_LONGEST} characters")
    try:
        _compiled(pattern)
    except re2.error as error:
        raise ValueError(f"the pattern `{pattern}` {_reason(pattern, error)}") from error


def named_groups(pattern: str) -> dict[str, int]:
    """The named groups of a pattern that `check_pattern` has passed, with their numbers from 1."""
    return dict(_compiled(pattern).groupindex)


def groups_named_twice(pattern: str) -> list[str]:
    """The names that more than one group of a pattern has, in their order; RE2 knows the first of them only."""
    names = [each for each in _GROUP_NAME.findall(pattern) if each]
    return [each for place, each in enumerate(names) if names.index(each) < place]


def may_match(pattern: str, text: str) -> bool:
    """Whether a pattern that `check_pattern` has passed is found in a text."""
    return _compiled(pattern).search(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)


def _reason(pattern: str, error: Exception) -> str:
    """What the pattern asks for that other engines have, if it is that; else what RE2 says."""
    [said] = error.args
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if text.startswith("invalid repetition size"):
        return "repeats something more than 1,000 times (repetitions within each other multiply), which RE2 does not do"
    if text.startswith(("invalid perl operator", "invalid escape", "bad repetition")):
        for asked, what in _WHAT_RE2_LACKS:
            if asked.search(pattern):
                return f"uses {what}, which RE2 does not have"
    return f"does not compile: {text}"
