"""A running collector over both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store, migrate
from tests.collector.running import RunningCollector


@pytest.fixture
def raw_store(empty_store: Store) -> Store:
    """A store with the tables of this room and those to its left."""
    migrate(empty_store, ("store", "collector"))
    return empty_store


@pytest.fixture
def running(raw_store: Store, tmp_path: Path) -> Iterator[RunningCollector]:
    """A collector that writes into the store, with its spool in a folder of the test."""
    with RunningCollector(raw_store, tmp_path) as collector:
        yield collector
