"""Silences: what a person does not want to be told for a while.

A silence hides alerts whose labels match; it neither resolves nor acknowledges them. When it ends, what still holds
and was not told is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """From `starts_at` (inclusive) to `ends_at` (exclusive) alerts are hidden whose labels match all `matchers`.

    `matchers` maps a label name to the values it may have, compared exactly. `created_by` is the actor.
    """

    id: str
    matchers: Mapping[str, tuple[str, ...]]
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str
    created_at: datetime

    def is_active(self, now: datetime) -> bool:
        """Whether it hides anything at this instant."""
        return self.starts_at <= now < self.ends_at

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether every matcher holds; a label that is missing matches nothing."""
        return all(labels.get(name) in values for name, values in self.matchers.items())


def silenced_by(labels: Mapping[str, str], silences: Iterable[Silence], now: datetime) -> Silence | None:
    """The first active silence that hides these labels, or None."""
    return next((each for each in silences if each.is_active(now) and each.matches(labels)), None)
