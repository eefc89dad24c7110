"""How values of keys are normalized and composed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import NORMALIZE_STEPS, composite_key, is_blank, normalized


@pytest.mark.parametrize(
    ("value", "steps", "expected"),
    [
        pytest.param(" SO-1 ", (), " SO-1 ", id="nothing is done that is not declared"),
        pytest.param(" SO-1\t\n", ("trim",), "SO-1", id="trim takes white space off both ends"),
        pytest.param("so-1", ("upper",), "SO-1", id="upper"),
        pytest.param("SO-1", ("lower",), "so-1", id="lower"),
        pytest.param("Straße", ("upper",), "STRAßE", id="letters beyond ASCII stay as they are"),
        pytest.param("0004711", ("strip_leading_zeros",), "4711", id="leading zeros of a number go"),
        pytest.param("0000", ("strip_leading_zeros",), "0", id="zeros alone are zero"),
        pytest.param("00A1", ("strip_leading_zeros",), "00A1", id="zeros before letters stay"),
        pytest.param(" 0012", ("strip_leading_zeros",), " 0012", id="a number with a space is not digits only"),
        pytest.param(" 0012", ("trim", "strip_leading_zeros"), "12", id="steps work in their order"),
        pytest.param("", ("trim", "strip_leading_zeros"), "", id="nothing stays nothing"),
        pytest.param("٠٠١", ("strip_leading_zeros",), "٠٠١", id="only ASCII digits are digits"),
    ],
)
def test_a_value_is_normalized_as_declared(value: str, steps: tuple[str, ...], expected: str) -> None:
    assert normalized(value, steps) == expected


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(ValueError, match="`reverse` is not a step of normalize: trim, upper"):
        normalized("x", ("reverse",))


@given(st.text(), st.lists(st.sampled_from(NORMALIZE_STEPS)).map(tuple))
def test_normalizing_with_one_step_twice_in_a_row_changes_nothing_more(value: str, steps: tuple[str, ...]) -> None:
    for step in steps:
        once = normalized(value, (step,))
        assert normalized(once, (step,)) == once


@pytest.mark.parametrize(("value", "expected"), [("", True), (" \t\n", True), ("0", False), (" x ", False)])
def test_white_space_alone_is_blank(value: str, expected: bool) -> None:
    assert is_blank(value) is expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("1000", "INV-7"), "1000/INV-7"),
        (("INV-7",), "INV-7"),
        (("a/b", "c"), r"a\/b/c"),
        (("a", "b/c"), r"a/b\/c"),
        (("a\\", "b"), r"a\\/b"),
    ],
)
def test_the_parts_of_a_composite_are_joined_by_a_slash(parts: tuple[str, ...], expected: str) -> None:
    assert composite_key(parts) == expected


@given(st.lists(st.text(alphabet="ab/\\"), min_size=1, max_size=4))
def test_a_composite_can_be_taken_apart_again(parts: list[str]) -> None:
    assert [re.sub(r"\\(.)", r"\1", piece) for piece in _split(composite_key(parts))] == parts


def _split(key: str) -> list[str]:
    """Cut at the slashes that are not escaped."""
    pieces, escaped = [""], False
    for each in key:
        if each == "/" and not escaped:
            pieces.append("")
            continue
        pieces[-1] += each
        escaped = each == "\\" and not escaped
    return pieces
