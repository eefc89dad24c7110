"""Opening hours as a calendar writes them: weekdays and dates to spans of the local day."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Any

from model.catalog.mistake import mistake

Spans = tuple[tuple[int, int], ...]
"""Sorted working spans as (start, end) seconds of the local day, not overlapping, 0 <= start < end <= 86,400."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"

_SPAN = re.compile(r"(\d{2}):(\d{2})\s*[-–]\s*(\d{2}):(\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_hours(value: Any) -> tuple[Spans, ...]:
    """Seven entries, Monday first, from `{mon-fri: "09:00-17:00", "sat,sun": "10:00-12:00, 13:00-24:00"}`.

    A weekday that is not named is closed. Raises PydanticCustomError naming the key.
    """
    if not isinstance(value, dict) or not value:
        raise mistake('must be a mapping of weekdays to hours, like {mon-fri: "09:00-17:00"}')
    week: list[Spans | None] = [None] * 7
    for key, written in value.items():
        spans = parse_spans(written, key)
        for day in _weekdays(key):
            if week[day] is not None:
                raise mistake(f"`{WEEKDAYS[day]}` is named twice", at=key)
            week[day] = spans
    return tuple(spans or () for spans in week)


def parse_days(value: Any) -> tuple[tuple[date, Spans], ...]:
    """Single dates with hours of their own, sorted, from `{"2026-12-24": "09:00-13:00", "2026-12-31": closed}`."""
    if not isinstance(value, dict):
        raise mistake('must be a mapping of dates to hours, like {"2026-12-31": closed}')
    return tuple(sorted((_date(key), parse_spans(written, key)) for key, written in value.items()))


def parse_spans(written: Any, at: str) -> Spans:
    """Spans from `09:00-12:00, 13:00-17:00`, a list of such texts, or `closed` for none."""
    if written == CLOSED:
        return ()
    texts = written if isinstance(written, list) else [written]
    if not texts or not all(isinstance(each, str) for each in texts):
        raise mistake("must be hours like 09:00-17:00, or closed", at=at)
    spans = sorted(_span(part.strip(), at) for text in texts for part in text.split(","))
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise mistake("the spans overlap", at=at)
    return tuple(spans)


def _span(text: str, at: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise mistake(f"`{text}` is not a span of hours: write it like 09:00-17:00, or closed", at=at)
    start, end = _seconds(found[1], found[2], text, at), _seconds(found[3], found[4], text, at)
    if start >= end:
        raise mistake(
            f"`{text}` ends before it starts: hours over midnight are written as two, "
            "until 24:00 and from 00:00 of the next day",
            at=at,
        )
    return start, end


def _seconds(hours: str, minutes: str, text: str, at: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if total > 24 * 60 or int(minutes) > 59:
        raise mistake(f"`{text}` holds a time that no day has", at=at)
    return total * 60


def _weekdays(key: str) -> list[int]:
    return [day for part in key.split(",") for day in _range(part.strip(), key)]


def _range(part: str, key: str) -> list[int]:
    first, dash, last = (each.strip() for each in part.partition("-"))
    for name in (first, last) if dash else (first,):
        if name not in WEEKDAYS:
            raise mistake(f"`{name}` is not a weekday", at=key, near=name[:3].lower(), known=WEEKDAYS)
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
    return [day % 7 for day in range(start, (end if end >= start else end + 7) + 1)]


def _date(key: str) -> date:
    try:
        if not _DATE.fullmatch(key):
            raise ValueError
        return date.fromisoformat(key)
    except ValueError:
        raise mistake(f"`{key}` is not a date: write it like 2026-12-24", at=key) from None
