"""One migrated store per engine for the whole room: every story is a tenant of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store, migrate
from tests.conftest import ROOMS


@pytest.fixture(scope="package", params=["embedded", pytest.param("server", marks=pytest.mark.server)])
def shared_store(request: pytest.FixtureRequest, embedded_folder: Path) -> Iterator[Store]:
    """A store with all tables, shared by the tests of this room, once embedded and once on a server."""
    database = f"t_{uuid.uuid4().hex[:12]}"
    if request.param == "embedded":
        store = Store.embedded(embedded_folder, database=database)
    else:
        store = Store.server(request.getfixturevalue("clickhouse_server").url, database=database)
    migrate(store, ROOMS)
    yield store
    store.execute(f"DROP DATABASE IF EXISTS {database} SYNC")
    store.close()
