"""When a message that was not delivered is tried again, and when no more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off from `first` to at most `longest`, for at most `attempts` tries and for `age` at most.

    With the defaults a receiver may be away for ten hours at least, a day at most. While we were away ourselves nothing
    was tried: what has got too old meanwhile is tried for `grace` after we began to send.
    """

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)
    attempts: int = 250
    age: timedelta = timedelta(hours=24)
    grace: timedelta = timedelta(hours=1)

    def delay(self, attempt: int, chance: float) -> timedelta:
        """How long to wait after the `attempt`-th failed try (from 1).

        `chance` in 0..1 is the jitter: between half of the full delay and all of it, so that receivers that failed
        together are not tried together.
        """
        full = min(self.first * float(2 ** min(attempt - 1, 32)), self.longest)
        return full * (0.5 + chance / 2)

    def is_over(self, attempt: int, waited: timedelta, sending: timedelta) -> bool:
        """Whether the `attempt`-th try was the last, `waited` after it was queued and `sending` after we began to."""
        return attempt >= self.attempts or (waited >= self.age and sending >= self.grace)
