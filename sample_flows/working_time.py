"""Opening hours in plain Python, so that the truth about a deadline is reckoned apart from the platform's own SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
Span = tuple[datetime, datetime | None]
"""From, until; None is open to this day."""


@dataclass(frozen=True)
class OpeningHours:
    """Opening hours on weekdays (Monday is 0) in a zone; `holidays_of` (country, state) closes public holidays.

    `days` overrides single dates; None is closed all day.
    """

    weekdays: range
    opens: time
    closes: time
    zone: ZoneInfo = BERLIN
    holidays_of: tuple[str, str] | None = None
    days: dict[date, tuple[time, time] | None] = field(default_factory=dict, hash=False)

    def due(self, start: datetime, within: timedelta, pauses: Sequence[Span] = ()) -> datetime:
        """The instant when `within` of opening time has passed since `start`: closing time, not the next opening."""
        found = due(start, within, self, pauses)
        if found is None:
            raise ValueError("an open pause leaves no due time")
        return found

    def cut_off(self, start: datetime, latest: time, due_at: time) -> datetime:
        """`due_at` of the business day on which `start` falls by `latest`, else of the next one."""
        day = start.astimezone(self.zone).date()
        while self._hours_on(day) is None or start > datetime.combine(day, latest, self.zone):
            day += timedelta(days=1)
        return datetime.combine(day, due_at, self.zone).astimezone(UTC)

    def spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The opening times that have not ended at `start`, in order, for ever."""
        day = start.astimezone(self.zone).date()
        while True:
            hours = self._hours_on(day)
            if hours is not None:
                opens, closes = (datetime.combine(day, at, self.zone).astimezone(UTC) for at in hours)
                if closes > start:
                    yield max(start, opens), closes
            day += timedelta(days=1)

    def _hours_on(self, day: date) -> tuple[time, time] | None:
        if day in self.days:
            return self.days[day]
        if day.weekday() not in self.weekdays or (self.holidays_of and _is_holiday(self.holidays_of, day)):
            return None
        return self.opens, self.closes


def due(start: datetime, within: timedelta, hours: OpeningHours | None, pauses: Sequence[Span]) -> datetime | None:
    """The instant when `within` has passed since `start`, of opening time where there is any, without the pauses.

    None while a pause that comes before it is still open.
    """
    left = within
    for begin, end in _running(start, hours, pauses):
        if end is None or left <= end - begin:
            return begin + left
        left -= end - begin
    return None


def _running(start: datetime, hours: OpeningHours | None, pauses: Sequence[Span]) -> Iterator[Span]:
    """The times in which the clock runs, in order; the last one may have no end."""
    spans: Iterator[Span] = iter([(start, None)]) if hours is None else hours.spans_from(start)
    for begin, end in spans:
        at = begin
        for paused_at, resumed_at in pauses:
            if resumed_at is not None and resumed_at <= at:
                continue
            if end is not None and paused_at >= end:
                break
            if paused_at > at:
                yield at, paused_at
            if resumed_at is None:
                return
            at = resumed_at
        if end is None or at < end:
            yield at, end


@cache
def _holidays(country: str, state: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=state, years=year))


def _is_holiday(of: tuple[str, str], day: date) -> bool:
    return day in _holidays(*of, day.year)


FULFILMENT = OpeningHours(range(7), time(6), time(22))
FINANCE = OpeningHours(
    range(5),
    time(8),
    time(17),
    BERLIN,
    ("DE", "HH"),
    {date(2026, 12, 24): None, date(2026, 12, 31): (time(8), time(12))},
)
PURCHASING = OpeningHours(range(5), time(8, 30), time(17, 30), NEW_YORK, ("US", "NY"))
"""The calendars of `catalog/company.yaml`, in the same order."""
