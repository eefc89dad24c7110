"""Opening hours in plain Python, so that the truth about a deadline is reckoned apart from the platform's own SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class OpeningHours:
    """Opening hours on weekdays (Monday is 0) in Berlin; `holiday_state` closes that state's public holidays.

    `days` overrides single dates; None is closed all day.
    """

    weekdays: range
    opens: time
    closes: time
    holiday_state: str | None = None
    days: dict[date, tuple[time, time] | None] = field(default_factory=dict, hash=False)

    def due(self, start: datetime, within: timedelta) -> datetime:
        """The instant when `within` of opening time has passed since `start`: closing time, not the next opening."""
        left = within
        for opens, closes in self._spans_from(start):
            begin = max(start, opens)
            if begin >= closes:
                continue
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        raise AssertionError("opening hours go on for ever")

    def _spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(BERLIN).date()
        while True:
            hours = self._hours_on(day)
            if hours is not None:
                opens, closes = (datetime.combine(day, at, BERLIN).astimezone(UTC) for at in hours)
                yield opens, closes
            day += timedelta(days=1)

    def _hours_on(self, day: date) -> tuple[time, time] | None:
        if day in self.days:
            return self.days[day]
        if day.weekday() not in self.weekdays or (self.holiday_state and _is_holiday(self.holiday_state, day)):
            return None
        return self.opens, self.closes


@cache
def _holidays(state: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv=state, years=year))


def _is_holiday(state: str, day: date) -> bool:
    return day in _holidays(state, day.year)


FULFILMENT = OpeningHours(range(7), time(6), time(22))
FINANCE = OpeningHours(
    range(5),
    time(8),
    time(17),
    "HH",
    {date(2026, 12, 24): None, date(2026, 12, 31): (time(8), time(12))},
)
"""The two calendars of `catalog/order_to_cash.yaml`, in the same order."""
