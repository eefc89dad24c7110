"""A running collector over both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store
from tests.collector.running import RunningCollector


@pytest.fixture
def running(store: Store, tmp_path: Path) -> Iterator[RunningCollector]:
    """A collector that writes into the store, with its spool in a folder of the test."""
    with RunningCollector(store, tmp_path) as collector:
        yield collector
