"""The small world over both stores, and the server in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard import create_app
from store import Store, migrate
from tests.conftest import ENGINES, ROOMS, new_name, opened
from tests.dashboard import world
from tests.dashboard.asgi import Client


@pytest.fixture(scope="package", params=ENGINES)
def read_only(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store with the orders of `world`, once embedded and once on a server, for all tests that write nothing."""
    store = opened(request, new_name())
    migrate(store, ROOMS)
    world.build(store)
    yield store
    store.execute(f"DROP DATABASE {store.database} SYNC")
    store.close()


@pytest.fixture
def filled(store: Store) -> Store:
    """The same for a test of its own."""
    world.build(store)
    return store


@pytest.fixture
def reader(read_only: Store) -> Client:
    """The server over a store that nothing is written to, open to anyone."""
    return Client(create_app(world.services(read_only)))


@pytest.fixture
def client(filled: Store) -> Client:
    """The server over a store of the test's own, open to anyone."""
    return Client(create_app(world.services(filled)))


@pytest.fixture
def empty_client(store: Store) -> Client:
    """The server over a store in which nothing has happened yet."""
    return Client(create_app(world.services(store)))
