"""The ClickHouse connection, embedded or server; migrations; query texts; the tables `definitions` and `audit_log`."""

from store.connection import DATABASE, EMBEDDED_FOLDER, Store
from store.definitions import AppliedCatalog, active_catalog, apply_catalog, audit, catalog_history, tenants
from store.errors import StatementFailed
from store.lock import FolderLock
from store.migration import Migration, migrate, migrations, pending
from store.side_by_side import side_by_side
from store.sql import Sql, lines_for, load_query, spliced

__all__ = [
    "DATABASE",
    "EMBEDDED_FOLDER",
    "AppliedCatalog",
    "FolderLock",
    "Migration",
    "Sql",
    "StatementFailed",
    "Store",
    "active_catalog",
    "apply_catalog",
    "audit",
    "catalog_history",
    "lines_for",
    "load_query",
    "migrate",
    "migrations",
    "pending",
    "side_by_side",
    "spliced",
    "tenants",
]
