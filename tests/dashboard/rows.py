"""Rows by hand, for figures and pages that are tested without a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from correlator import SpanRow, TimelineEvent
from model import Verdict
from sla_engine import ClockRow

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(milestone: str, hours_ago: float, system: str = "shop", outcome: str | None = None) -> TimelineEvent:
    at = NOW - timedelta(hours=hours_ago)
    return TimelineEvent(
        f"{milestone}-{hours_ago}", at, at, at, milestone, "milestone", system, outcome, "tests",
        {"order": ["SO-1"]}, None, None, {}, 1, [],
    )  # fmt: skip


def clock(verdict: str, due_in_hours: float | None, sla: str = "ship_in_time") -> ClockRow:
    due = None if due_in_hours is None else NOW + timedelta(hours=due_in_hours)
    start = NOW - timedelta(hours=4)
    return ClockRow(sla, f"{sla}-{due_in_hours}", "", Verdict(verdict), start, start, due, None, NOW, "a reason", [])


def span(service: str, hours_ago: float, status: str = "Ok", seconds: float = 1) -> SpanRow:
    at = NOW - timedelta(hours=hours_ago)
    length = timedelta(seconds=seconds)
    return SpanRow(
        "t", f"{service}{hours_ago}", "", "POST /", "Server", service, status, at, at + length, 1_000_000, {}
    )
