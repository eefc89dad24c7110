"""A store at rest: what the engine still merges of the work before is no part of what is measured next."""

from __future__ import annotations

import time

from store import Store

LONGEST_SECONDS = 120.0


def come_to_rest(store: Store) -> None:
    """Return when nothing is being merged, or after `LONGEST_SECONDS`."""
    began = time.monotonic()
    while store.value("SELECT count() FROM system.merges") and time.monotonic() - began < LONGEST_SECONDS:
        time.sleep(0.05)
