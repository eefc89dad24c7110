"""What a segment is: one tenant, one signal, one UTC day of accepted requests, and an id that sorts by time.

The segment is the unit of everything that follows: one spool file, one part in ClickHouse, one piece of the
correlator's work.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from model import instant, microseconds


class Signal(StrEnum):
    """What kind of telemetry a segment holds."""

    TRACES = "traces"
    LOGS = "logs"

    @property
    def table(self) -> str:
        """The raw table its rows go to."""
        return "otel_traces" if self is Signal.TRACES else "otel_logs"


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """A segment's file that takes no more requests; `size` in bytes."""

    id: str
    tenant: str
    signal: Signal
    path: Path
    size: int
    may_be_stored: bool = False
    """Whether somebody before may have put its rows into ClickHouse: they are looked for before they are put in."""
    was_damaged: bool = False
    """Whether it once held more requests than can be read now."""


def new_segment_id(opened_at: datetime) -> str:
    """An id for a segment opened at this instant: 16 hex digits of microseconds since 1970, a dash, 8 random ones."""
    return f"{microseconds(opened_at):016x}-{secrets.token_hex(4)}"


def foreign_segment_id(received_to: datetime) -> str:
    """An id for rows another program wrote, received until then on one day: an F stands after the dash."""
    return f"{microseconds(received_to):016x}-F{secrets.token_hex(4)[1:]}"


def received_since(segment_id: str) -> datetime:
    """The earliest ReceivedAt of its rows: when it was opened, or, for foreign rows, the beginning of that day."""
    at = opened_at(segment_id)
    return at.replace(hour=0, minute=0, second=0, microsecond=0) if segment_id[17] == "F" else at


def opened_at(segment_id: str) -> datetime:
    """When the segment of this id was opened: the ReceivedAt of all its rows. Raises ValueError for another text."""
    micros, dash, tail = segment_id.partition("-")
    if len(micros) != 16 or dash != "-" or len(tail) != 8:
        raise ValueError(f"not a segment id: {segment_id!r}")
    return instant(int(micros, 16))
