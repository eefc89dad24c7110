"""Durations as a catalog writes them: `30s`, `15m`, `4h`, `1h30m`, `2d`; `d` is 24 hours of whatever time is meant."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_WRITTEN = re.compile(r"(?:(?P<d>\d{1,6})d)?(?:(?P<h>\d{1,7})h)?(?:(?P<m>\d{1,9})m)?(?:(?P<s>\d{1,11})s)?", re.ASCII)

LONGEST = timedelta(days=36_500)
"""A hundred years: longer ones are mistakes, and would leave the range of the store's times."""


def parse_duration(text: str) -> timedelta:
    """The duration written as whole numbers with the units d, h, m, s, each at most once, largest first.

    Raises ValueError with a sentence for a person; nothing, zero and more than a hundred years are refused.
    """
    found = _WRITTEN.fullmatch(text) if text else None
    if found is None:
        raise ValueError(f"`{text}` is not a duration: write it like 30s, 15m, 4h, 1h30m or 2d")
    parts = ((unit, int(number)) for unit, number in found.groupdict().items() if number is not None)
    try:
        total = sum((_UNITS[unit] * number for unit, number in parts), timedelta())
    except OverflowError:
        total = LONGEST * 2
    if not total:
        raise ValueError(f"`{text}` is no time at all: a duration must be longer than zero")
    if total > LONGEST:
        raise ValueError(f"`{text}` is longer than a hundred years")
    return total


def format_duration(duration: timedelta) -> str:
    """The shortest text `parse_duration` reads back as this duration, `0s` for zero; below a second is cut off.

    Days are written only where nothing but whole days is left: `36h`, not `1d12h`, because a day of business time
    means something else to most readers. A negative duration carries a minus sign.
    """
    seconds = int(abs(duration).total_seconds())
    sign = "-" if duration < timedelta() and seconds else ""
    if seconds and seconds % 86_400 == 0:
        return f"{sign}{seconds // 86_400}d"
    hours, rest = divmod(seconds, 3_600)
    minutes, last = divmod(rest, 60)
    text = "".join(f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (last, "s")) if number)
    return f"{sign}{text or '0s'}"
