"""How many files the process may have open: as many as its connections need, or fewer connections.

A process that may open no more accepts no connection, and writes and reads no file either, while asyncio says so in the
log thousands of times a second. Many a shell and service manager starts with 1,024 (the soft limit), which a process
may raise itself up to a hard limit. The embedded engine does; over a server nobody else would.
"""

from __future__ import annotations

import logging
import resource
from contextlib import suppress

log = logging.getLogger(__name__)

_PORTS = 3
"""OTLP over gRPC, OTLP over HTTP, the dashboard."""

_OTHER_FILES = 4096
"""Parts of tables, the spool, and connections that come at once and are told to go."""


def connections_within(wanted: int) -> int:
    """Raise the limit for `wanted` connections on each of the three ports; gives how many there can be on each."""
    needed = _PORTS * wanted + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        may_be = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):  # a system may have a lower limit than it tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (may_be, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = min(wanted, max(1, (soft - min(_OTHER_FILES, soft // 2)) // _PORTS))
    if possible < wanted:
        log.warning(
            "no more than %d files may be open here: %d connections on each port are taken instead of %d "
            "(--max-connections); start with a higher hard limit (ulimit -Hn, LimitNOFILE=) for more",
            *(soft, possible, wanted),
        )
    return possible
