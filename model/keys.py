"""Values of keys: how a definition normalizes one and how the parts of a composite become one.

The same rules in SQL are the correlator's; both give the same result, so that a key typed into a search finds what
was stitched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NORMALIZE_STEPS = ("trim", "upper", "lower", "strip_leading_zeros")
"""What `normalize` of a key type knows."""

_DIGITS = re.compile(r"[0-9]+")
_WHITESPACE = " \t\n\r\f\v"


def normalized(value: str, steps: tuple[str, ...]) -> str:
    """The value after the declared steps, in their order; unchanged for none.

    `trim` takes ASCII whitespace off both ends; `upper` and `lower` change ASCII letters only (as SQL's do, whatever
    the locale); `strip_leading_zeros` works on values of digits only, and zeros alone become `0`. Raises ValueError
    for a step that is not one of `NORMALIZE_STEPS`.
    """
    for step in steps:
        value = _step(value, step)
    return value


def is_blank(value: str) -> bool:
    """Whether a value is empty or whitespace only, and thereby no key."""
    return not value.strip(_WHITESPACE)


def composite_key(parts: Sequence[str]) -> str:
    r"""The parts joined by `/`; a `/` or `\` inside a part is escaped by `\`, so that no two lists give one text."""
    return "/".join(part.replace("\\", "\\\\").replace("/", "\\/") for part in parts)


def _step(value: str, step: str) -> str:
    match step:
        case "trim":
            return value.strip(_WHITESPACE)
        case "upper":
            return "".join(chr(ord(each) - 32) if "a" <= each <= "z" else each for each in value)
        case "lower":
            return "".join(chr(ord(each) + 32) if "A" <= each <= "Z" else each for each in value)
        case "strip_leading_zeros":
            return (value.lstrip("0") or "0") if _DIGITS.fullmatch(value) else value
        case _:
            raise ValueError(f"`{step}` is not a step of normalize: {', '.join(NORMALIZE_STEPS)}")
