"""Opening the store a run was pointed at, with its tables up to date."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from model import Refused
from sla_engine import Lease, keeps_leases
from store import EMBEDDED_FOLDER, Migration, Store, migrate, pending
from throughline.settings import StoreSettings
from throughline.standby import TICKING

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
    """Apply what is pending of every room and return it.

    Raises `Refused`, and changes nothing, where something is pending and another process runs a role that is not in
    `held`: it is at work with the tables as they are.
    """
    waiting = pending(store, ROOMS) if not store.is_embedded and keeps_leases(store) else ()
    for role in TICKING if waiting else ():
        holder = Lease(store, role).present() if role not in held else None
        if holder is not None and holder.seconds_left > 0:
            raise Refused(
                f"The tables are those of another version, and the role {role} over them is run by {holder.who}. "
                "Stop that one first."
            )
    return migrate(store, ROOMS)
