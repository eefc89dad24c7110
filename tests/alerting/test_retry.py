"""How long a message waits for its next try, and when there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerting.retry import RetryPolicy

POLICY = RetryPolicy(
    first=timedelta(seconds=1),
    longest=timedelta(seconds=60),
    attempts=10,
    age=timedelta(hours=1),
    grace=timedelta(minutes=10),
)


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        pytest.param(1, 1, 1, id="the first wait is the shortest"),
        pytest.param(2, 1, 2, id="each wait is twice the one before"),
        pytest.param(6, 1, 32, id="still twice"),
        pytest.param(7, 1, 60, id="until the longest"),
        pytest.param(10_000, 1, 60, id="which it stays"),
        pytest.param(2, 0, 1, id="chance takes off up to half"),
        pytest.param(2, 0.5, 1.5, id="chance takes off a part"),
    ],
)
def test_the_wait_after_a_failed_try(attempt: int, chance: float, seconds: float) -> None:
    assert POLICY.delay(attempt, chance) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("attempt", "waited", "sending", "is_over"),
    [
        pytest.param(9, 0, 0, False, id="neither too often nor too long"),
        pytest.param(10, 0, 0, True, id="tried often enough"),
        pytest.param(1, 3599, 9999, False, id="not yet too long"),
        pytest.param(1, 3600, 600, True, id="waited long enough"),
        pytest.param(1, 9999, 599, False, id="too long while nobody was there to try it"),
        pytest.param(10, 9999, 0, True, id="and yet tried often enough"),
    ],
)
def test_when_a_message_is_given_up(attempt: int, waited: int, sending: int, is_over: bool) -> None:
    assert POLICY.is_over(attempt, timedelta(seconds=waited), timedelta(seconds=sending)) == is_over


def test_a_receiver_may_be_away_over_night() -> None:
    policy = RetryPolicy()
    assert timedelta(hours=8) < sum((policy.delay(n, 0) for n in range(1, policy.attempts)), timedelta()) < policy.age
