"""Time formats of a mapping: `iso`, or a strptime-like pattern, compiled to total ClickHouse expressions.

A pattern may use strptime's letters or those of ClickHouse's formatDateTime; where the two differ (`%M`) strptime's
meaning holds, minutes. Numbers may come without leading zeros.
"""

from __future__ import annotations

import re

_SPECIFIERS = {
    "Y": "%Y",
    "y": "%y",
    "m": "%c",
    "c": "%c",
    "B": "%M",
    "b": "%b",
    "h": "%b",
    "d": "%e",
    "e": "%e",
    "j": "%j",
    "a": "%a",
    "A": "%W",
    "W": "%W",
    "H": "%k",
    "k": "%k",
    "I": "%l",
    "l": "%l",
    "M": "%i",
    "i": "%i",
    "S": "%s",
    "s": "%s",
    "f": "%f",
    "p": "%p",
    "z": "%z",
    "F": "%Y-%c-%e",
    "D": "%c/%e/%y",
    "T": "%k:%i:%s",
    "R": "%k:%i",
    "%": "%%",
}
"""What each letter becomes in ClickHouse's parseDateTime64."""

_ISO = (
    r"^\\d{4}-\\d{2}-\\d{2}"
    r"([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?( ?(Z|[+-]\\d{2}:?\\d{2}))?)?$"
)
"""ISO 8601 as people write it; the engine's own reader would take much else besides, such as hour 25."""

SETTINGS = "parsedatetime_parse_without_leading_zeros = 1, parsedatetime_e_requires_space_padding = 0"
"""What a statement must set that uses these expressions."""

_LETTER = re.compile(r"%(.?)", re.DOTALL)


def check_format(written: str) -> None:
    """Raise ValueError where a format is neither `iso` nor a pattern that can be read."""
    if written != "iso":
        _translated(written)


def compiled(written: str, value: str, zone: str) -> str:
    """A Nullable(DateTime64(6)) expression of the text expression `value`; `zone` is a checked IANA name."""
    if written == "iso":
        return f"if(match({value}, '{_ISO}'), parseDateTime64BestEffortOrNull({value}, 6, '{zone}'), NULL)"
    pattern = _translated(written).replace("\\", "\\\\").replace("'", "\\'")
    return f"CAST(parseDateTime64OrNull({value}, '{pattern}', '{zone}'), 'Nullable(DateTime64(6, \\'{zone}\\'))')"


def _translated(written: str) -> str:
    if "%" not in written:
        raise ValueError(f"{written!r} is no time format: write iso, or a pattern such as %Y-%m-%d %H:%M:%S")

    def one(found: re.Match[str]) -> str:
        if found[1] not in _SPECIFIERS:
            raise ValueError(f"%{found[1]} in {written!r} is not known; known are %{', %'.join(_SPECIFIERS)}")
        return _SPECIFIERS[found[1]]

    return _LETTER.sub(one, written)
