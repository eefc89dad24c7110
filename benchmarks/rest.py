"""A store at rest: what the engine still merges of the work before is no part of what is measured next."""

from __future__ import annotations

import sys
import time

from store import Store

LONGEST_SECONDS = 900.0
_QUIET_SECONDS = 0.5
"""For how long nothing may be merged: the next merge begins a moment after the last one has ended."""


def come_to_rest(store: Store) -> None:
    """Return when nothing has been merged for a while, or after `LONGEST_SECONDS`, and say so then."""
    began = busy = time.monotonic()
    while (now := time.monotonic()) - busy < _QUIET_SECONDS and now - began < LONGEST_SECONDS:
        if store.value("SELECT count() FROM system.merges"):
            busy = now
        time.sleep(0.05)
    if now - began >= LONGEST_SECONDS:
        print(f"still merging after {LONGEST_SECONDS:.0f} s: what follows is not measured at rest", file=sys.stderr)
