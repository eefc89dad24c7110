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

_OFFSET = r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)"

_ISO = (
    r"^(000[1-9]|00[1-9]\d|0[1-9]\d{2}|[1-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    rf"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,9}})?)?( ?{_OFFSET})?)?$"
)
"""ISO 8601 as people write it; the engine's own reader would take much else besides, such as hour 25 or month 0."""

_WITH_OFFSET = f":.*{_OFFSET}$"
"""Tells of a text of that form whether it has an offset."""

SETTINGS = "parsedatetime_parse_without_leading_zeros = 1, parsedatetime_e_requires_space_padding = 0"
"""What a statement must set that uses these expressions."""

_LETTER = re.compile(r"%(.?)", re.DOTALL)


def check_format(written: str) -> None:
    """Raise ValueError where a format is neither `iso` nor a pattern that can be read and tells the year."""
    if written != "iso" and not {"Y", "y"} & set(_LETTER.findall(_translated(written))):
        raise ValueError(f"{written!r} tells no year, so that no row would have its own: add %Y or %y")


def compiled(written: str, value: str, zone: str) -> str:
    """A Nullable(DateTime64(6)) expression of the text expression `value`; `zone` is a checked IANA name."""
    if written == "iso":
        shown = f"parseDateTime64BestEffortOrNull({value}, 6, 'UTC')"
        instant = f"if(match({value}, {_text(_WITH_OFFSET)}), {shown}, {_on_the_clocks_of(zone, shown)})"
        return f"if(match({value}, {_text(_ISO)}), {instant}, NULL)"
    pattern = _translated(written)
    around = _around(pattern, "z")
    if around is None:
        return _on_the_clocks_of(zone, _in_its_century(value, pattern, _parsed(value, pattern)))
    before = around[0]
    plain = _replaced(value, f"^({before})Z", r"\1+0000")
    plain = _replaced(plain, f"^({before}[+-][0-9]+):", r"\1")
    parsed = _in_its_century(value, pattern, _parsed(plain, pattern))
    return f"if(match({value}, {_text(f'^{before}{_OFFSET}')}), {parsed}, NULL)"


def _parsed(value: str, pattern: str) -> str:
    return f"CAST(parseDateTime64OrNull({value}, {_text(pattern)}, 'UTC'), 'Nullable(DateTime64(6, \\'UTC\\'))')"


def _replaced(value: str, pattern: str, by: str) -> str:
    return f"replaceRegexpOne({value}, {_text(pattern)}, {_text(by)})"


def _on_the_clocks_of(zone: str, shown: str) -> str:
    """The instant at which the clocks of `zone` show what those of UTC show at the instant `shown`.

    Around a change there are the offset before it and the one after it; the first that holds at the instant it gives is
    right. Where neither does, the clocks skip that time, and the offset before gives the time as far after the change.
    The engine's own readers are wrong in that case, and one of them for most of the day.
    """
    if zone == "UTC":
        return shown

    def offset(instant: str) -> str:
        return f"timezoneOffset(toTimeZone({instant}, '{zone}'))"

    before, after = offset(f"subtractDays({shown}, 1)"), offset(f"addDays({shown}, 1)")
    first, second = f"subtractSeconds({shown}, {before})", f"subtractSeconds({shown}, {after})"
    return f"if({offset(first)} != {before} AND {offset(second)} = {after}, {second}, {first})"


def _in_its_century(value: str, pattern: str, parsed: str) -> str:
    """The instant `parsed`, in 1969 where the year is written 69; the engine alone takes that for 2069."""
    around = _around(pattern, "y")
    if around is None:
        return parsed
    return f"if(match({value}, {_text(f'^{around[0]}69{around[1]}$')}), subtractYears({parsed}, 100), {parsed})"


def _around(pattern: str, letter: str) -> tuple[str, str] | None:
    """Regular expressions of what precedes and what follows a letter in a text of that pattern; None without it."""
    parts, end, at = [""], 0, None
    for found in _LETTER.finditer(pattern):
        parts[-1] += re.escape(pattern[end : found.start()])
        if found[1] == letter and at is None:
            at = len(parts)
            parts.append("")
        else:
            parts[-1] += "%" if found[1] == "%" else "[-+:0-9A-Za-z]+" if found[1] == "z" else " ?[0-9A-Za-z]+"
        end = found.end()
    parts[-1] += re.escape(pattern[end:])
    return None if at is None else (parts[0], parts[1])


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _translated(written: str) -> str:
    if "%" not in written:
        raise ValueError(f"{written!r} is no time format: write iso, or a pattern such as %Y-%m-%d %H:%M:%S")

    def one(found: re.Match[str]) -> str:
        if found[1] not in _SPECIFIERS:
            raise ValueError(f"%{found[1]} in {written!r} is not known; known are %{', %'.join(_SPECIFIERS)}")
        return _SPECIFIERS[found[1]]

    return _LETTER.sub(one, written)
