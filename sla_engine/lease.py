"""The lease: at most one process at a time runs a role over a store, and another knows whom it would have to wait for.

ClickHouse has no unique key and no compare-and-set, so a turn is won in two steps:

1. A candidate that finds the role free writes a row with the next turn, waits `settle_seconds`, and reads again. The
   row with the largest turn holds; of two with the same turn the smaller holder name does.
2. The winner writes a further turn at once, so that a rival's row of the same turn that comes late counts for nothing.
   A candidate that was itself too slow from reading to writing (more than half the settling time) starts over.
3. Time is the store's clock alone; the clocks of hosts may differ.
4. A holder keeps its role by writing turns, and asks before every append whether it still holds: a process that was
   asleep past its lease finds that it lost it before it writes, not after.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from model import Unavailable
from store import Store, load_query, migrations

LEASE_SECONDS = 15.0
"""How long a holder may be silent before another takes over."""

SETTLE_SECONDS = 0.5


class LeaseLost(Unavailable):
    """Another process runs this role now, or the lease ran out; nothing was written."""


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a role: `who` reads `process 4711 on host`, for at least `seconds_left` more."""

    turn: int
    holder: str
    who: str
    seconds_left: float


def keeps_leases(store: Store) -> bool:
    """Whether roles can be asked for: not over a store whose tables were never made."""
    return bool(store.value(load_query("sla_engine", "keeps_leases")))


def create_leases(store: Store) -> None:
    """Make roles such that can be asked for, by the statement of the migration, before the migrations run."""
    made_by = (statement for each in migrations(("sla_engine",)) for statement in each.statements)
    store.execute(next(each for each in made_by if "CREATE TABLE IF NOT EXISTS leases" in each))


class Lease:
    """One candidate for one role over a store. Safe for use by several threads."""

    def __init__(
        self,
        store: Store,
        role: str,
        *,
        seconds: float = LEASE_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
        holder: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`holder` names what outlives the process, like a locked data folder: its next process need not wait."""
        self.role = role
        self._store = store
        self._seconds = seconds
        self._settle_seconds = settle_seconds
        self._pause = pause
        self._holder = holder or uuid.uuid4().hex
        self._who = f"process {os.getpid()} on {socket.gethostname()}"

    def take(self) -> Held | None:
        """Try once to hold the role: None where that worked, else who holds it."""
        while True:
            now = self.present()
            if now is not None and now.seconds_left > 0 and now.holder != self._holder:
                return now
            asked = time.monotonic()
            turn = now.turn + 1 if now else 1
            self._write(turn, self._seconds)
            is_slow = time.monotonic() - asked > self._settle_seconds / 2
            self._pause(self._settle_seconds)
            if is_slow:
                continue
            won = self.present()
            if won is not None and won.holder == self._holder:
                self._write(won.turn + 1, self._seconds)
                return None
            if won is not None and won.seconds_left > 0:
                return won

    def renew(self) -> None:
        """Hold the role for another while; raises `LeaseLost` where another process has it."""
        held = self._mine()
        self._write(held.turn + 1, self._seconds)

    def check(self) -> None:
        """Raise `LeaseLost` unless this process holds the role now."""
        held = self._mine()
        if held.seconds_left <= 0:
            raise LeaseLost(f"The lease of the role {self.role} ran out; it is taken again if nobody else has it.")

    def release(self) -> None:
        """Give the role up, so that who waits need not wait for the lease to run out."""
        now = self.present()
        if now is not None and now.holder == self._holder:
            self._write(now.turn + 1, 0.0)

    def present(self) -> Held | None:
        """Who held the role last, whether or not the lease has run out."""
        rows = self._store.rows(load_query("sla_engine", "present_turn"), {"role": self.role})
        return Held(**rows[0]) if rows else None

    def _mine(self) -> Held:
        held = self.present()
        if held is None or held.holder != self._holder:
            who = held.who if held else "nobody"
            raise LeaseLost(f"The role {self.role} over these tables is run by {who}.")
        return held

    def _write(self, turn: int, seconds: float) -> None:
        self._store.execute(
            load_query("sla_engine", "take_turn"),
            {"role": self.role, "turn": turn, "holder": self._holder, "who": self._who, "seconds": seconds},
        )
