"""One migrated store per engine for the whole room: every story is a tenant of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store import Store, migrate
from tests.conftest import ENGINES, ROOMS, new_name, opened


@pytest.fixture(scope="package", params=ENGINES)
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store with all tables, shared by the tests of this room, once embedded and once on a server."""
    store = opened(request, new_name())
    migrate(store, ROOMS)
    yield store
    store.execute(f"DROP DATABASE IF EXISTS {store.database} SYNC")
    store.close()
