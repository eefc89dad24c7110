"""Keeps the compiled calendars in the store: as many years as the clocks need, each written once.

The tables are `calendar_days` and `cut_off_days`. Years of a calendar are contiguous; the cumulative working time
counts from the first one compiled and is negative before it, so that a further year at either end leaves all rows as
they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from model import Calendar, CutOff, instant, microseconds
from sla_engine.working_time import (
    FIRST_YEAR,
    LAST_YEAR,
    business_days,
    spans_of_year,
    working_seconds,
    year_start,
)
from store import Store, load_query

HORIZON_YEARS = 50
"""How far beyond the last event a deadline in working time is looked for."""

_DAY_COLUMNS = ("tenant", "calendar", "opens_at", "closes_at", "before_us")


@dataclass(frozen=True, slots=True)
class _Years:
    """Compiled local years, both inclusive, and the cumulative working microseconds at their two ends."""

    first: int
    last: int
    begin_us: int
    end_us: int


class CalendarTable:
    """Compiles calendars into the store. Not for use by several threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._years: dict[tuple[str, str], _Years] = {}
        self._cut_offs: dict[tuple[str, str], tuple[int, int]] = {}

    def cover(self, tenant: str, calendar: Calendar, earliest: datetime, latest: datetime, beyond: timedelta) -> int:
        """Have all years from `earliest` to `latest` compiled and then at least `beyond` of working time more.

        Gives the cumulative working microseconds at the beginning of the first compiled year. Bounded: no more than 50
        years beyond `latest`, none before 1901 or after 2298.
        """
        first, last = _bounded(earliest.year - 1), _bounded(latest.year + 1)
        needed = beyond.total_seconds() - working_seconds(calendar, last)
        while needed > 0 and last < min(latest.year + HORIZON_YEARS, LAST_YEAR):
            last += 1
            needed -= working_seconds(calendar, last)
        known = self._years.get((tenant, calendar.hash)) or self._stored(tenant, calendar)
        if known is None:
            known = self._append(tenant, calendar, first, _Years(first, first - 1, 0, 0))
        while known.last < last:
            known = self._append(tenant, calendar, known.last + 1, known)
        while known.first > first:
            known = self._append(tenant, calendar, known.first - 1, known)
        self._years[tenant, calendar.hash] = known
        return known.begin_us

    def cover_cut_off(
        self, tenant: str, calendar: Calendar | None, cut_off: CutOff, zone: str, earliest: datetime, latest: datetime
    ) -> str:
        """Have the cut-offs of all business days from `earliest` to beyond `latest` compiled; gives their name."""
        name = cut_off_name(calendar, cut_off, zone)
        first, last = _bounded(earliest.year - 1), _bounded(latest.year + 1)
        while not business_days(calendar, last) and last < min(latest.year + HORIZON_YEARS, LAST_YEAR):
            last += 1
        known = self._cut_offs.get((tenant, name))
        if known is None or first < known[0] or last > known[1]:
            first, last = (first, last) if known is None else (min(first, known[0]), max(last, known[1]))
            rows = [
                (tenant, name, *pair)
                for year in range(first, last + 1)
                for pair in _cut_offs_of_year(calendar, cut_off, zone, year)
            ]
            self._store.insert("cut_off_days", ("tenant", "calendar", "cut_off_at", "due_at"), rows)
            self._cut_offs[tenant, name] = (first, last)
        return name

    def _stored(self, tenant: str, calendar: Calendar) -> _Years | None:
        rows = self._store.rows(
            load_query("sla_engine", "compiled_years"), {"tenant": tenant, "calendar": calendar.hash}
        )
        if not rows:
            return None
        # A local year begins between 14 hours before and 12 hours after it does in UTC.
        first, last = ((rows[n]["opens_at"] + timedelta(hours=14)).year for n in (0, -1))
        end_us = rows[-1]["before_us"] + working_seconds(calendar, last) * 1_000_000
        return _Years(first, last, rows[0]["before_us"], end_us)

    def _append(self, tenant: str, calendar: Calendar, year: int, known: _Years) -> _Years:
        length = working_seconds(calendar, year) * 1_000_000
        begin = known.end_us if year > known.last else known.begin_us - length
        rows, before = [], begin
        for opens, closes in spans_of_year(calendar, year):
            rows.append((tenant, calendar.hash, instant(opens * 1_000_000), instant(closes * 1_000_000), before))
            before += (closes - opens) * 1_000_000
        start = instant(year_start(calendar, year) * 1_000_000)
        # One insert, one part: a year is there entirely or not at all.
        self._store.insert("calendar_days", _DAY_COLUMNS, [(tenant, calendar.hash, start, start, begin), *rows])
        if year > known.last:
            return _Years(known.first, year, known.begin_us, begin + length)
        return _Years(year, known.last, begin, known.end_us)


def cut_off_name(calendar: Calendar | None, cut_off: CutOff, zone: str) -> str:
    """The name of a compiled cut-off: a hash of calendar, times and zone."""
    parts = (calendar.hash if calendar else "", cut_off.cut_off.isoformat(), cut_off.due.isoformat(), zone)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _cut_offs_of_year(
    calendar: Calendar | None, cut_off: CutOff, zone: str, year: int
) -> Iterator[tuple[datetime, datetime]]:
    local = ZoneInfo(zone)
    for day in business_days(calendar, year):
        yield _utc(datetime.combine(day, cut_off.cut_off, local)), _utc(datetime.combine(day, cut_off.due, local))


def _utc(at: datetime) -> datetime:
    return instant(microseconds(at))


def _bounded(year: int) -> int:
    return min(max(year, FIRST_YEAR), LAST_YEAR)
