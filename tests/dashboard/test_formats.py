"""Times, amounts and counts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import formats

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(milliseconds=250), "250 ms"),
        (timedelta(milliseconds=999.6), "999 ms"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=12, seconds=40), "12 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(hours=26, minutes=5), "26 h"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(days=40, hours=4), "40 d"),
        (timedelta(hours=-2), "2 h"),
    ],
)
def test_a_duration_has_the_one_or_two_units_that_matter(span: timedelta, text: str) -> None:
    assert formats.span_text(span) == text


def test_an_instant_is_relative_and_absolute_in_the_readers_zone() -> None:
    at = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
    assert formats.relative(at, NOW) == "2 h 55 min ago"
    assert formats.relative(NOW, NOW) == "just now"
    assert formats.relative(NOW + timedelta(minutes=5), NOW) == "in 5 min"
    assert formats.local(at, BERLIN, NOW) == "10:05 CET"
    assert formats.local(at - timedelta(days=1), BERLIN, NOW) == "19 Nov 10:05 CET"
    assert formats.local(datetime(2025, 7, 1, 9, tzinfo=UTC), BERLIN, NOW) == "1 Jul 2025 11:00 CEST"
    assert formats.exact(at, BERLIN) == "2026-11-20 10:05:00.000 CET"


def test_today_is_the_readers_day_not_the_day_in_utc() -> None:
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    assert formats.local(late, BERLIN, NOW) == "00:30 CET"
    assert formats.local(late, UTC, NOW) == "19 Nov 23:30 UTC"


def test_a_zone_that_is_not_known_is_utc() -> None:
    assert formats.zone_named("Mars/Olympus") is UTC
    assert formats.zone_named("../etc/passwd") is UTC
    assert formats.zone_named(None) is UTC


@pytest.mark.parametrize(
    ("answered", "deadline", "text"),
    [
        pytest.param(None, timedelta(hours=3), "due in 3 h", id="open and in time"),
        pytest.param(None, timedelta(hours=-3), "overdue by 3 h", id="open and late"),
        pytest.param(timedelta(hours=-1), timedelta(hours=-3), "2 h late", id="answered late"),
        pytest.param(timedelta(hours=-3), timedelta(hours=-1), "2 h early", id="answered in time"),
    ],
)
def test_a_deadline_says_how_it_stands(answered: timedelta | None, deadline: timedelta, text: str) -> None:
    assert formats.deadline_text(NOW + deadline, NOW + answered if answered else None, NOW) == text


def test_nothing_is_overdue_of_a_promise_that_no_longer_counts() -> None:
    passed = NOW - timedelta(hours=3)
    said = [formats.standing(each, passed, None, NOW) for each in ("breached", "cancelled", "excused")]
    assert said == ["overdue by 3 h", "Cancelled", "Excused"]


def test_amounts_carry_their_currency_and_counts_their_thousands() -> None:
    assert formats.amount("1234.5", "EUR") == "1,234.50 EUR"
    assert formats.amount("1234.50000", "EUR") == "1,234.50 EUR"
    assert formats.amount("10000", "JPY") == "10,000.00 JPY"
    assert formats.amount("-1000.125", "BHD") == "-1,000.125 BHD", "dinars have thousandths"
    assert formats.amount("0.00042000", "BTC") == "0.00042 BTC"
    assert formats.amount("about ten", "EUR") == "about ten EUR"
    assert formats.amount(None, "EUR") == "–"
    assert formats.count(23357) == "23,357"


def test_a_share_short_of_all_is_never_shown_as_all() -> None:
    assert formats.share(0.99996) == "99.9 %"
    assert formats.share(1.0) == "100.0 %"
    assert formats.share(None) == "–"


@pytest.mark.parametrize(
    ("value", "target", "texts"),
    [
        (0.9992, 0.9995, ("99.92 %", "99.95 %")),
        (0.9995, 0.9995, ("99.95 %", "99.95 %")),
        (0.999, 0.9999, ("99.90 %", "99.99 %")),
        (0.98996, 0.99, ("98.996 %", "99.0 %")),
        (0.989999, 0.99, ("98.9999 %", "99.0 %")),
        (0.99004, 0.99, ("99.0 %", "99.0 %")),
        (0.999999, 1.0, ("99.9 %", "100.0 %")),
        (0.5, 0.57, ("50.0 %", "57.0 %")),
    ],
)
def test_a_target_is_shown_to_its_last_digit_and_what_misses_it_never_as_the_same(
    value: float, target: float, texts: tuple[str, str]
) -> None:
    assert (formats.attained(value, target), formats.target(target)) == texts


def test_one_thing_is_not_said_in_the_plural() -> None:
    assert [formats.counted(number, "event") for number in (0, 1, 1200)] == ["0 events", "1 event", "1,200 events"]
