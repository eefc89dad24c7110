"""Opening the store a run was pointed at, with its tables up to date."""

from __future__ import annotations

from pathlib import Path

from store import EMBEDDED_FOLDER, Store, migrate
from throughline.settings import StoreSettings

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


def migrate_all(store: Store) -> None:
    """Apply what is pending of every room."""
    migrate(store, ROOMS)
