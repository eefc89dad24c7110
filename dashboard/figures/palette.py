"""One colour, one shape and one word for each state, the same in charts, tables, pills and alerts.

The colours are told apart by eyes without red, green or blue cones (a test simulates them), and never stand alone:
a mark's shape or a pill's icon and word say the same. `style.css` holds the same values; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state is drawn: `symbol` is a plotly marker symbol."""

    colour: str
    symbol: str
    word: str


VERDICTS: dict[str, Mark] = {
    "breached": Mark("#d1342b", "x", "Breached"),
    "at_risk": Mark("#f2a900", "triangle-up", "At risk"),
    "unknown": Mark("#9b6bd3", "diamond-open", "Unknown"),
    "pending": Mark("#3d8bfd", "circle-open", "Pending"),
    "met": Mark("#13a58a", "circle", "Met"),
    "excused": Mark("#7c8698", "square-open", "Excused"),
    "cancelled": Mark("#a4acb9", "line-ew-open", "Cancelled"),
}
"""Worst first: the order in which verdicts are listed and stacked."""

STATUSES: dict[str, Mark] = {
    "in_progress": Mark("#3d8bfd", "circle-open", "In progress"),
    "completed": Mark("#13a58a", "circle", "Completed"),
    "failed": Mark("#d1342b", "x", "Failed"),
    "cancelled": Mark("#a4acb9", "line-ew-open", "Cancelled"),
}

ACCENT = "#5b5bd6"
NEUTRAL = "#7c8698"
