"""Opening the store a run was pointed at, with its tables up to date."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model import NotFound, Refused, ThroughlineError
from sla_engine import LEASE_SECONDS, Lease, create_leases
from store import EMBEDDED_FOLDER, Migration, Store, migrate, pending
from throughline.settings import StoreSettings
from throughline.standby import LOOK_SECONDS, TICKING

log = logging.getLogger(__name__)

_CHANGING = "migrations"
"""The lease of the one process that makes or changes tables."""

ROOMS = ("store", "collector", "correlator", "sla_engine", "alerting")
"""The rooms that own tables, in the order their migrations are applied."""


def open_store(settings: StoreSettings) -> Store:
    """The store, without touching its tables; raises `StoreInUse`, `StoreUnavailable`."""
    if settings.clickhouse_url:
        return Store.server(settings.clickhouse_url)
    return Store.embedded(settings.data_dir)


def tables_folder(settings: StoreSettings) -> Path:
    """Where an embedded store keeps its tables."""
    return settings.data_dir / EMBEDDED_FOLDER


def open_there(settings: StoreSettings) -> Store:
    """The store with every migration applied, of a folder in which something was kept.

    Raises `NotFound` for another: more likely its name is mistaken than the platform new.
    """
    if settings.clickhouse_url is None and not tables_folder(settings).is_dir():
        raise NotFound(f"There is no Throughline data in {settings.data_dir}. Name another folder with --data-dir.")
    return open_migrated(settings)


def open_migrated(settings: StoreSettings) -> Store:
    """The store with every migration applied."""
    store = open_store(settings)
    try:
        migrate_all(store)
    except BaseException:
        store.close()
        raise
    return store


def migrate_all(store: Store, *, held: Collection[str] = ()) -> tuple[Migration, ...]:
    """Apply what is pending of every room and return it; waits while another process does.

    Raises `Refused`, and changes no table, where something is pending and another process runs a role that is not in
    `held`: it is at work with the tables as they are.
    """
    if store.is_embedded or not pending(store, ROOMS):
        return migrate(store, ROOMS)
    with _alone(store) as check:
        waiting = pending(store, ROOMS)
        for role in TICKING if waiting else ():
            holder = Lease(store, role).present() if role not in held else None
            if holder is not None and holder.seconds_left > 0:
                raise Refused(
                    f"The tables are those of another version, and the role {role} over them is run by {holder.who}. "
                    "Stop that one first."
                )
        return migrate(store, ROOMS, before_statement=check)


@contextmanager
def _alone(store: Store) -> Iterator[Callable[[], None]]:
    """Be the one process that changes tables on a server; gives what raises `LeaseLost` where it is no longer."""
    create_leases(store)
    lease = Lease(store, _CHANGING)
    told = False
    while (other := lease.take()) is not None:
        if not told:
            log.warning("waiting for the tables, which %s makes or changes", other.who)
            told = True
        time.sleep(LOOK_SECONDS)
    ended = threading.Event()

    def stay() -> None:
        while not ended.wait(LEASE_SECONDS / 5):
            with suppress(ThroughlineError):  # asked for before the next statement
                lease.renew()

    staying = threading.Thread(target=stay, name="changing tables", daemon=True)
    staying.start()
    try:
        yield lease.check
    finally:
        ended.set()
        staying.join()
        with suppress(ThroughlineError):  # it runs out by itself
            lease.release()
