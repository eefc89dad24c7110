"""Steps at the same time: all come to their ends, whatever one of them raises."""

from __future__ import annotations

import threading

import pytest

from store import side_by_side


def test_two_steps_run_at_the_same_time_and_give_their_results_in_order() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def first() -> str:
        meeting.wait()
        return "first"

    def second() -> int:
        meeting.wait()
        return 2

    assert side_by_side(first, second) == ("first", 2)


def test_what_one_raises_comes_out_when_all_have_ended() -> None:
    ended = []

    def failing() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        side_by_side(failing, lambda: ended.append(1), lambda: ended.append(2))
    assert sorted(ended) == [1, 2]
