"""What the sample systems remember between two starts: that history was sent, and which cases are under way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sample_flows.pacing import SPEED


class StateMismatch(Exception):
    """The state file is of another run; the message says what to do."""


class Live(NamedTuple):
    """A live case under way: its real start (ISO 8601), the faults that were switched on then, and its speed."""

    workflow: str
    ordinal: int
    started: str
    faults: tuple[str, ...] = ()
    speed: float = SPEED


@dataclass
class State:
    """`history_until` is the present of the first start: a history that was cut off is sent again, the very same.

    `faults` are those of the history. `played_until` is the instant up to which all that was due has happened.
    """

    seed: int
    orders: int
    days: float
    history_until: str
    faults: tuple[str, ...] = ()
    history_sent: bool = False
    next_ordinal: int = 0
    played_until: str = ""
    live: list[Live] = field(default_factory=list)


class StateFile:
    """Keeps a `State` in a file, written whole or not at all; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self, seed: int, orders: int, days: float, faults: tuple[str, ...], now: datetime) -> State:
        """The state of the last run, or that of a first one; raises StateMismatch for the file of another history."""
        fresh = State(seed, orders, days, now.isoformat(), faults, False, orders + 1, now.isoformat())
        if self._path is None or not self._path.exists():
            return fresh
        try:
            kept = State(**json.loads(self._path.read_text(encoding="utf-8")))
            kept.live = [
                Live(workflow, ordinal, started, tuple(named), *speed)
                for workflow, ordinal, started, named, *speed in kept.live
            ]
        except (ValueError, TypeError) as wrong:
            raise StateMismatch(
                f"{self._path} is not a state file of this version's sample systems ({wrong}); move it away"
            ) from wrong
        if (kept.seed, kept.orders, kept.days) != (seed, orders, days):
            raise StateMismatch(
                f"{self._path} belongs to --seed {kept.seed} --orders {kept.orders} --history-days {kept.days:g}; "
                "start with the same, or with another --state-file and an empty platform"
            )
        kept.faults = tuple(kept.faults)
        return kept

    def save(self, state: State) -> None:
        """Replace the file."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(self._path.suffix + ".new")
        beside.write_text(json.dumps(asdict(state)), encoding="utf-8")
        beside.replace(self._path)
