"""One measured figure with what it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in its unit; `bound` is the most it may be, or the least where `at_least`; None: measured, not judged.

    `ratio` sets it beside a reference measured in the same run, where there is one.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False
    ratio: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool | None:
        """Whether it keeps its bound; None where it has none."""
        if self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def line(self) -> str:
        """The figure for people."""
        held = ""
        if self.bound is not None:
            held = f"{'at least' if self.at_least else 'at most'} {self.bound:,g}: {'yes' if self.is_good else 'NO'}"
        ratio = f"ratio {self.ratio:.2f}" if self.ratio is not None else ""
        return f"{self.name:<58} {self.value:>14,.2f} {self.unit:<14} {ratio:<12} {held}".rstrip()


def quantile(values: list[float], share: float) -> float:
    """The value that a share of the values do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
