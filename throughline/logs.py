"""Where log lines go: to standard error in one format, UTC times, levels in words."""

from __future__ import annotations

import logging
import time
from pathlib import Path


def configure(level: str = "info", file: Path | None = None) -> None:
    """Send our log lines to standard error, or to `file`; other libraries' only from warning on.

    The ClickHouse client's are left out: its errors reach us as exceptions and are told by whoever meets them.
    """
    handler: logging.Handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s  %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for room in ("model", "store", "collector", "correlator", "sla_engine", "alerting", "dashboard", "throughline"):
        logging.getLogger(room).setLevel(level.upper())
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for client in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(client).setLevel(logging.CRITICAL)
