"""The small world over both stores, and the server in front of it."""

from __future__ import annotations

import pytest

from dashboard import create_app
from store import Store
from tests.dashboard import world
from tests.dashboard.asgi import Client


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with the orders of `world`."""
    world.build(store)
    return store


@pytest.fixture
def client(filled: Store) -> Client:
    """The server over it, open to anyone."""
    return Client(create_app(world.services(filled)))


@pytest.fixture
def empty_client(store: Store) -> Client:
    """The server over a store in which nothing has happened yet."""
    return Client(create_app(world.services(store)))
