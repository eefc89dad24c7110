"""Working time of a calendar, a local year at a time: pure, in whole seconds since 1970 (UTC).

An instant is working time when the wall clock in the calendar's zone then shows a time inside a span of that local
date. So an hour that the wall clock skips is no working time, and one that it shows twice counts twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from model import EPOCH, Calendar, instant, microseconds

FIRST_YEAR, LAST_YEAR = 1901, 2298
"""The years DateTime64(6) holds entirely, in every zone."""

_MICROSECOND = timedelta(microseconds=1)

Span = tuple[int, int]
"""Working time from an instant (inclusive) to another (exclusive)."""


@lru_cache(maxsize=2048)
def spans_of_year(calendar: Calendar, year: int) -> tuple[Span, ...]:
    """The working spans of the local dates of a year, in order, not touching; empty for a year without working time."""
    segments = _constant_offsets(ZoneInfo(calendar.zone), year)
    found = []
    for day, local_spans in _open_days(calendar, year):
        midnight = _seconds(datetime.combine(day, time(), UTC))
        for opens, closes in local_spans:
            for since, until, offset in segments:
                start, end = max(midnight + opens - offset, since), min(midnight + closes - offset, until)
                if start < end:
                    found.append((start, end))
    return tuple(_without(_maintenance(calendar), _merged(sorted(found))))


def year_start(calendar: Calendar, year: int) -> int:
    """When a local year begins."""
    return _seconds(datetime(year, 1, 1, tzinfo=ZoneInfo(calendar.zone)))


def working_seconds(calendar: Calendar, year: int) -> int:
    """How much working time a local year has."""
    return sum(end - start for start, end in spans_of_year(calendar, year))


def business_days(calendar: Calendar | None, year: int) -> list[date]:
    """The local dates of a year that have any working time; all of them without a calendar."""
    if calendar is None:
        return list(_days(year))
    return [day for day, _ in _open_days(calendar, year)]


def latest_within(calendar: Calendar | None, start: datetime, duration: timedelta) -> datetime | None:
    """The last instant by which no more than `duration` of working time has passed since `start`; inclusive.

    Where the duration is used up at closing time, that is the next opening. None where that never comes.
    """
    if calendar is None:
        return start + duration
    left = duration // _MICROSECOND
    begin = microseconds(start)
    for year in range(max(start.year - 1, FIRST_YEAR), min(start.year + 50, LAST_YEAR)):
        for opens, closes in spans_of_year(calendar, year):
            since = max(opens * 1_000_000, begin)
            length = closes * 1_000_000 - since
            if length <= 0:
                continue
            if left < length:
                return instant(since + left)
            left -= length
    return None


def _open_days(calendar: Calendar, year: int) -> Iterator[tuple[date, tuple[Span, ...]]]:
    closed = _public_holidays(calendar.country, calendar.subdivision, year)
    own = dict(calendar.days)
    for day in _days(year):
        spans = own.get(day, () if day in closed else calendar.hours[day.weekday()])
        if spans:
            yield day, spans


def _days(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))


@lru_cache(maxsize=1024)
def _public_holidays(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    if country is None:
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


@lru_cache(maxsize=1024)
def _constant_offsets(zone: ZoneInfo, year: int) -> tuple[tuple[int, int, int], ...]:
    """The pieces of UTC time (from, to, offset in seconds) that cover a local year with room on both sides."""
    at = _seconds(datetime(year, 1, 1, tzinfo=UTC)) - 2 * 86_400
    until = _seconds(datetime(year + 1, 1, 1, tzinfo=UTC)) + 2 * 86_400
    pieces, since = [], at
    while at < until:
        later = at + 86_400
        if _offset(zone, later) != _offset(zone, at):
            change = _change(zone, at, later)
            pieces.append((since, change, _offset(zone, at)))
            since = change
        at = later
    return (*pieces, (since, until, _offset(zone, at)))


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second with the new offset, where the offset changes once in between."""
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = (EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset()
    return int((offset or timedelta()).total_seconds())


def _merged(spans: list[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in spans:
        if current is None:
            current = span
        elif span[0] <= current[1]:
            current = (current[0], max(current[1], span[1]))
        else:
            yield current
            current = span
    if current is not None:
        yield current


def _maintenance(calendar: Calendar) -> list[Span]:
    zone = ZoneInfo(calendar.zone)
    return sorted(
        (_seconds(each.from_at.replace(tzinfo=zone)), _seconds(each.to_at.replace(tzinfo=zone)))
        for each in calendar.maintenance
    )


def _without(closed: list[Span], spans: Iterable[Span]) -> Iterator[Span]:
    """What is left of the spans; all are in order, those closed may overlap each other."""
    for start, end in spans:
        at = start
        for since, until in closed:
            if since >= end:
                break
            if at < since:
                yield at, since
            at = max(at, until)
        if at < end:
            yield at, end


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(seconds=1)
