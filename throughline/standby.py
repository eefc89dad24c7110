"""Which process runs the ticks: embedded, the one that locks the folder; over a server, the one with a lease per role.

A second process is refused with the name of the holder, or, with `--standby`, waits for it to end. A process that died
is followed at once on the same data folder, whose lock says that it is dead, and elsewhere when its lease runs out.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from model import Refused, StoreInUse, ThroughlineError
from sla_engine import Lease, LeaseLost
from store import Store

log = logging.getLogger(__name__)

TICKING = ("correlator", "sla_engine", "alerting")
"""The roles of which a store bears one process each."""

LOOK_SECONDS = 1.0
"""How often who stands by looks whether the holder is still there."""

_T = TypeVar("_T")


class Holding:
    """The leases of this process; none where the tables are embedded, since their folder is locked."""

    def __init__(self, store: Store, roles: Sequence[str], data_dir: Path) -> None:
        """`data_dir` is locked by this process, or the tables in it are."""
        wanted = () if store.is_embedded else tuple(role for role in TICKING if role in roles)
        self._leases = {role: Lease(store, role, holder=_name(data_dir)) for role in wanted}

    async def take(self, *, standby: bool, stop: asyncio.Event) -> bool:
        """Hold every role: False where `stop` came first; raises `Refused` where we do not wait for who holds one."""
        for role, lease in self._leases.items():
            told = ""
            while (held := await asyncio.to_thread(lease.take)) is not None:
                if not standby:
                    self.release()
                    raise Refused(
                        f"The role {role} over these tables is run by {held.who}. Stop that one first, "
                        "or wait with `throughline up --standby`, which takes over when it ends."
                    )
                if told != held.who:
                    log.warning("standing by: the role %s is run by %s", role, held.who)
                    told = held.who
                if await _stopped(stop, LOOK_SECONDS):
                    self.release()
                    return False
        return True

    def check(self, role: str) -> None:
        """Raise `LeaseLost` where another process runs that role by now."""
        if role in self._leases:
            self._leases[role].check()

    def checks(self, role: str) -> Callable[[], None]:
        """`check` for one role."""
        return lambda: self.check(role)

    def keep(self, taken_again: Callable[[str], None]) -> None:
        """Stay the holder; after a loss, become it again when nobody else is.

        `taken_again` is called with each role that was: another process may have run it meanwhile.
        """
        for role, lease in self._leases.items():
            try:
                lease.renew()
            except LeaseLost as lost:
                if lease.take() is None:
                    log.warning("took the role %s again", role)
                    taken_again(role)
                else:
                    log.error("%s", lost)

    def release(self) -> None:
        """Let another take over at once; where the store is away, once the leases have run out."""
        for role, lease in self._leases.items():
            try:
                lease.release()
            except ThroughlineError as error:
                log.warning("the role %s is free when its lease has run out: %s", role, error)


async def opened(open_store: Callable[[], _T], *, standby: bool, stop: asyncio.Event) -> _T | None:
    """What `open_store` opens, when the folder is free; None where `stop` came first."""
    told = False
    while True:
        try:
            return await asyncio.to_thread(open_store)
        except StoreInUse as error:
            if not standby:
                raise StoreInUse(
                    f"{error} Or wait with `throughline up --standby`, which takes over when it ends."
                ) from error
            if not told:
                log.warning("standing by: %s", error)
                told = True
        if await _stopped(stop, LOOK_SECONDS):
            return None


def _name(data_dir: Path) -> str:
    """The lasting name of a data folder."""
    file = data_dir / "holder"
    if not file.exists():
        file.write_text(uuid.uuid4().hex, encoding="ascii")
    return file.read_text(encoding="ascii").strip()


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
