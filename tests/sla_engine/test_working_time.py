"""Working time: the compiled calendar agrees with a slow model that looks at the wall clock minute by minute."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import Calendar, Maintenance
from sla_engine.calendar_table import CalendarTable
from sla_engine.working_time import business_days, latest_within, spans_of_year, working_seconds
from store import Sql, Store, load_query

H = 3600
OFFICE = ((9 * H, 17 * H),)
BERLIN = Calendar(
    name="berlin",
    zone="Europe/Berlin",
    hours=(OFFICE,) * 5 + ((), ()),
    country="DE",
    subdivision="BE",
    days=((date(2026, 12, 24), ((9 * H, 13 * H),)), (date(2026, 12, 31), ())),
    hash="berlin",
)
NIGHT = Calendar(  # open over midnight, through the hours that clocks skip and repeat
    name="night",
    zone="Europe/Berlin",
    hours=(((0, 3 * H), (22 * H, 24 * H)),) * 7,
    hash="night",
)
SPLIT = Calendar(  # closed for lunch, opening in the middle of the skipped and repeated hour
    name="split",
    zone="America/New_York",
    hours=(((H + 1800, 2 * H + 1800), (2 * H + 2700, 6 * H), (12 * H, 24 * H)),) * 6 + ((),),
    hash="split",
)
HALF_HOUR = Calendar(  # a zone whose clocks move by half an hour
    name="half", zone="Australia/Lord_Howe", hours=(((0, 24 * H),), *(((H, 3 * H),),) * 6), hash="half"
)
MIDNIGHT = Calendar(  # a zone that springs forward and falls back at midnight
    name="midnight", zone="Asia/Beirut", hours=(((0, 8 * H), (20 * H, 24 * H)),) * 7, hash="midnight"
)
CLOSED = Calendar(  # maintenance over an opening, within one, over a week, and two that overlap
    name="closed",
    zone="Europe/Berlin",
    hours=(OFFICE,) * 5 + ((), ()),
    maintenance=tuple(
        Maintenance(datetime.fromisoformat(since), datetime.fromisoformat(until), "upgrade")
        for since, until in (
            ("2026-03-26T16:00", "2026-03-27T10:00"),
            ("2026-03-30T12:00", "2026-03-30T13:30"),
            ("2026-03-30T13:00", "2026-03-30T14:00"),
            ("2026-10-24T00:00", "2026-10-31T00:00"),
        )
    ),
    hash="closed for maintenance",
)
ALL = [BERLIN, NIGHT, SPLIT, HALF_HOUR, MIDNIGHT, CLOSED]
MINUTE = timedelta(minutes=1)


@cache
def public_holidays(calendar: Calendar) -> frozenset[date]:
    """The public holidays of the years the tests look at."""
    if calendar.country is None:
        return frozenset()
    years = range(2019, 2034)
    return frozenset(holidays.country_holidays(calendar.country, subdiv=calendar.subdivision, years=years))


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the wall clock in the calendar's zone shows working time at an instant."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    second = local.hour * H + local.minute * 60 + local.second
    zone = ZoneInfo(calendar.zone)
    if any(each.from_at.replace(tzinfo=zone) <= at < each.to_at.replace(tzinfo=zone) for each in calendar.maintenance):
        return False
    closed = public_holidays(calendar)
    own = dict(calendar.days)
    spans = own.get(local.date(), () if local.date() in closed else calendar.hours[local.weekday()])
    return any(start <= second < end for start, end in spans)


def slow_deadline(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """When as many working minutes have passed, counted one by one; `start` is a whole minute."""
    at = start
    while minutes:
        minutes -= is_open(calendar, at)
        at += MINUTE
    return at


around_changes = st.builds(
    lambda day, minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute),
    st.sampled_from(
        [1, 60, 65, 66, 67, 84, 85, 86, 87, 88, 92, 93, 94, 118, 119, 180, 296, 297, 298, 303, 304, 356, 363]
    ),
    st.integers(0, 1439),
)


@pytest.fixture(scope="module")
def deadlines(shared_store: Store):
    """SQL's answer: the deadline of a start and a duration in a calendar, by the engine's own two joins."""
    table = CalendarTable(shared_store)
    tenant = uuid.uuid4().hex

    def deadline(calendar: Calendar, start: datetime, duration: timedelta) -> datetime | None:
        first_us = table.cover(tenant, calendar, start, start, duration)
        rows = "SELECT {start:DateTime64(6)} AS at, {calendar:String} AS calendar"
        own = load_query("sla_engine", "own_time_working").replace("/*rows*/", rows)
        aimed = f"SELECT * EXCEPT (own_us), (own_us + {{us:Int64}})::Nullable(Int64) AS aim_us FROM ({own})"
        text = load_query("sla_engine", "instant_working").replace("/*rows*/", aimed)
        params = {
            "tenant": tenant,
            "calendar": calendar.hash,
            "calendars": [calendar.hash],
            "first_us": [first_us],
            "start": start,
        }
        us = duration // timedelta(microseconds=1)
        return shared_store.value(Sql(f"SELECT reached_at FROM ({text})", {**params, "us": us}))

    return deadline


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calendar=st.sampled_from(ALL), start=around_changes, minutes=st.integers(1, 3000))
def test_a_deadline_is_where_the_wall_clock_says(deadlines, calendar: Calendar, start: datetime, minutes: int) -> None:
    assert deadlines(calendar, start, timedelta(minutes=minutes)) == slow_deadline(calendar, start, minutes)


@settings(max_examples=300, deadline=None)
@given(calendar=st.sampled_from(ALL), at=around_changes)
def test_spans_hold_exactly_the_open_minutes(calendar: Calendar, at: datetime) -> None:
    spans = [span for year in (2025, 2026, 2027) for span in spans_of_year(calendar, year)]
    second = int(at.timestamp())
    assert any(start <= second < end for start, end in spans) == is_open(calendar, at)


@pytest.mark.parametrize("calendar", ALL, ids=lambda calendar: calendar.name)
def test_spans_are_in_order_and_apart(calendar: Calendar) -> None:
    spans = spans_of_year(calendar, 2026)
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert sum(end - start for start, end in spans) == working_seconds(calendar, 2026)


def test_a_deadline_is_exact_to_the_microsecond(deadlines) -> None:
    start = datetime(2026, 3, 6, 15, 59, 59, 999_999, tzinfo=UTC)
    assert deadlines(BERLIN, start, timedelta(microseconds=1)) == datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert deadlines(BERLIN, start, timedelta(microseconds=2)) == datetime(2026, 3, 9, 8, 0, 0, 1, tzinfo=UTC)


def test_years_may_be_needed_in_both_directions_and_across_leap_days(deadlines) -> None:
    for year in (2026, 2024, 2031, 2020):
        start = datetime(year, 2, 27, 8, tzinfo=UTC)
        assert deadlines(BERLIN, start, timedelta(hours=40)) == slow_deadline(BERLIN, start, 40 * 60)


def test_a_duration_of_years_is_found(deadlines) -> None:
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    found = deadlines(
        BERLIN, start, timedelta(seconds=sum(working_seconds(BERLIN, year) for year in range(2026, 2036)))
    )
    assert found is not None
    assert found.year == 2036


def test_a_calendar_that_is_never_open_gives_no_deadline(deadlines) -> None:
    closed = Calendar(name="closed", zone="UTC", hours=((),) * 7, hash="closed")
    assert deadlines(closed, datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)) is None


def test_a_cadence_that_is_used_up_at_closing_time_holds_until_the_next_opening() -> None:
    friday = datetime(2026, 3, 6, 15, 45, tzinfo=UTC)
    assert latest_within(BERLIN, friday, timedelta(minutes=15)) == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert latest_within(BERLIN, friday, timedelta(minutes=14)) == datetime(2026, 3, 6, 15, 59, tzinfo=UTC)
    assert latest_within(None, friday, timedelta(minutes=15)) == datetime(2026, 3, 6, 16, tzinfo=UTC)


def test_business_days_leave_out_weekends_holidays_and_own_closed_days() -> None:
    days = business_days(BERLIN, 2026)
    assert date(2026, 12, 24) in days
    assert not {date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 31), date(2026, 5, 1), date(2026, 3, 7)} & set(
        days
    )
    assert len(business_days(None, 2024)) == 366
