"""Opening hours as a calendar writes them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from model.catalog.hours import WEEKDAYS, Spans, parse_days, parse_hours

HOUR = 3_600


def open_days(value: object) -> list[str]:
    return [day for day, spans in zip(WEEKDAYS, parse_hours(value), strict=True) if spans]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon", ["mon"]),
        ("mon-fri", ["mon", "tue", "wed", "thu", "fri"]),
        ("mon,wed", ["mon", "wed"]),
        ("mon, wed - fri", ["mon", "wed", "thu", "fri"]),
        ("sat-mon", ["mon", "sat", "sun"]),
        ("mon-sun", list(WEEKDAYS)),
        ("sun-sun", ["sun"]),
    ],
)
def test_weekdays_are_single_lists_and_ranges(days: str, expected: list[str]) -> None:
    assert open_days({days: "09:00-17:00"}) == expected


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("09:00-17:00", ((9 * HOUR, 17 * HOUR),)),
        ("10:00-24:00", ((10 * HOUR, 24 * HOUR),)),
        ("00:00-24:00", ((0, 24 * HOUR),)),
        ("13:00-17:30, 09:00-12:00", ((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR + 1_800))),
        (["09:00-12:00", "13:00-17:00"], ((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR))),
        ("09:00-12:00,12:00-13:00", ((9 * HOUR, 12 * HOUR), (12 * HOUR, 13 * HOUR))),
        ("closed", ()),
    ],
)
def test_hours_are_spans_of_the_local_day(hours: object, expected: Spans) -> None:
    assert parse_hours({"tue": hours})[1] == expected


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({}, "mapping of weekdays"),
        ([], "mapping of weekdays"),
        ({"mon": "9-17"}, "not a span"),
        ({"mon": "9:00-17:00"}, "not a span"),
        ({"mon": "09:00"}, "not a span"),
        ({"mon": ""}, "not a span"),
        ({"mon": []}, "must be hours"),
        ({"mon": None}, "must be hours"),
        ({"mon": 9}, "must be hours"),
        ({"mon": "17:00-09:00"}, "ends before it starts"),
        ({"mon": "09:00-09:00"}, "ends before it starts"),
        ({"mon": "09:60-10:00"}, "no day has"),
        ({"mon": "09:00-24:01"}, "no day has"),
        ({"mon": "09:00-12:00, 11:00-13:00"}, "overlap"),
        ({"mon-fri": "09:00-12:00", "wed": "09:00-10:00"}, "`wed` is named twice"),
        ({"Mon": "09:00-12:00"}, "not a weekday"),
        ({"mon-": "09:00-12:00"}, "not a weekday"),
        ({"": "09:00-12:00"}, "not a weekday"),
    ],
)
def test_other_hours_are_refused_with_the_reason(value: object, why: str) -> None:
    with pytest.raises(PydanticCustomError, match=why):
        parse_hours(value)


def test_single_days_are_sorted_by_date() -> None:
    assert parse_days({"2026-12-31": "closed", "2026-12-24": "09:00-13:00"}) == (
        (date(2026, 12, 24), ((9 * HOUR, 13 * HOUR),)),
        (date(2026, 12, 31), ()),
    )


@pytest.mark.parametrize("day", ["2026-02-30", "24.12.2026", "2026-1-1", "20261224", "", "easter"])
def test_a_day_that_is_no_date_is_refused(day: str) -> None:
    with pytest.raises(PydanticCustomError, match="is not a date"):
        parse_days({day: "closed"})


@given(st.lists(st.integers(0, 24 * 60), unique=True, min_size=2, max_size=8).map(sorted))
def test_any_spans_apart_from_each_other_are_read_sorted_whatever_their_order(minutes: list[int]) -> None:
    pairs = list(zip(minutes[::2], minutes[1::2], strict=False))
    texts = [f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in reversed(pairs)]
    assert parse_hours({"mon": ", ".join(texts)})[0] == tuple((start * 60, end * 60) for start, end in pairs)
