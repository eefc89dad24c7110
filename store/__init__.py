"""The ClickHouse connection, embedded or server; migrations; query texts; the tables `definitions` and `audit_log`."""

from store.connection import DATABASE, Store
from store.errors import StatementFailed
from store.lock import FolderLock
from store.migration import Migration, migrate, migrations, pending
from store.sql import Sql, load_query

__all__ = [
    "DATABASE",
    "FolderLock",
    "Migration",
    "Sql",
    "StatementFailed",
    "Store",
    "load_query",
    "migrate",
    "migrations",
    "pending",
]
