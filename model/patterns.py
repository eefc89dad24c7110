"""Patterns of conditions: whether a regular expression is one that RE2, ClickHouse's engine, takes too."""

from __future__ import annotations

import re
import warnings

_LONGEST = 1_000
_REFUSED = (
    (re.compile(r"\(\?<?[=!]"), "looking ahead or behind"),
    (re.compile(r"\(\?>"), "atomic groups"),
    (re.compile(r"\(\?\("), "conditional groups"),
    (re.compile(r"\(\?#"), "comments in groups"),
    (re.compile(r"\(\?P=|\\[1-9]"), "references back to a group"),
    (re.compile(r"\(\?[a-zA-Z]*[aLux]"), "the flags a, L, u and x"),
    (re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\+"), "possessive quantifiers"),
    (re.compile(r"\\Z"), r"`\Z` (write `\z`)"),
)
_UNESCAPED = re.compile(r"\\\\|\\(?![1-9Z])[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]")
_RE2_ONLY = ((re.compile(r"\\[pP](?:\{\^?\w+\}|[A-Z])"), r"\\w"), (re.compile(r"\\z"), r"\\Z"))
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def check_pattern(pattern: str) -> None:
    """Raise ValueError with a sentence for a person unless RE2 can compile the pattern.

    Decided by Python's compiler and a list of what Python takes and RE2 does not (github.com/google/re2/wiki/Syntax).
    """
    if len(pattern) > _LONGEST:
        raise ValueError(f"the pattern is longer than {_LONGEST} characters")
    visible = _UNESCAPED.sub("_", pattern)
    for refused, what in _REFUSED:
        if refused.search(visible):
            raise ValueError(f"the pattern `{pattern}` uses {what}, which RE2 does not have")
    if any(int(number) > 1_000 for pair in _COUNT.findall(visible) for number in pair if number):
        raise ValueError(f"the pattern `{pattern}` repeats something more than 1,000 times, which RE2 does not do")
    try:
        _compiled(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern `{pattern}` does not compile: {error}") from error


def named_groups(pattern: str) -> dict[str, int]:
    """The named groups of a pattern that `check_pattern` has passed, with their numbers from 1."""
    return dict(_compiled(pattern).groupindex)


def may_match(pattern: str, text: str) -> bool:
    """Whether a pattern that `check_pattern` has passed is found in a text; true where only RE2 could tell."""
    return "[:" in pattern or _compiled(pattern).search(text) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    for only, replacement in _RE2_ONLY:
        pattern = only.sub(replacement, pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern)
