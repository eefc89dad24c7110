"""Durations as a catalog writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import format_duration, parse_duration

WHOLE_SECONDS = st.integers(min_value=1, max_value=36_500 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(hours=48)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90m", timedelta(minutes=90)),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_a_duration_is_whole_numbers_with_units(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "4", "h", "4 h", "4H", "-4h", "1.5h", "30m1h", "1h1h", "4h ", "0s", "0h0m", "36501d", "9d99999999999s",
     "٤h", "1w", "PT4H", "4h\n"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|longer"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=2), "2d"),
        (timedelta(hours=36), "36h"),
        (timedelta(seconds=59), "59s"),
        (timedelta(), "0s"),
        (timedelta(milliseconds=900), "0s"),
        (timedelta(hours=1, seconds=5), "1h5s"),
        (-timedelta(minutes=90), "-1h30m"),
    ],
)
def test_a_duration_is_written_as_short_as_it_can_be_read(duration: timedelta, expected: str) -> None:
    assert format_duration(duration) == expected


@given(WHOLE_SECONDS)
def test_what_is_written_is_read_back(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.text(alphabet="0123456789dhms -.", max_size=12))
def test_a_text_is_either_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        assert "`" in str(error)  # noqa: PT017
    else:
        assert timedelta() < duration <= timedelta(days=36_500)
