"""Drives any OTLP endpoint with the same load and counts its rows in the same ClickHouse, to set a peer beside us.

    python -m benchmarks.peer http://127.0.0.1:4318 --clickhouse-url http://127.0.0.1:8123 --table otel.otel_traces \
        --pid 4711 --seconds 20

Prints spans a second (acknowledged, and stored once the table has stopped growing), acknowledgement p50 and p99, and,
with the process id of the peer, its spans per CPU second and its memory.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.figure import Figure, quantile
from benchmarks.load import SPANS
from benchmarks.process import cpu_seconds, resident_mb
from benchmarks.sender import Sender
from store import Store


def main() -> None:
    """Send, wait, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint")
    parser.add_argument("--protocol", choices=["http", "grpc"], default="http")
    parser.add_argument("--clickhouse-url", required=True)
    parser.add_argument("--table", default="otel.otel_traces")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--token")
    given = parser.parse_args()
    sender = Sender(given.endpoint, given.protocol, SPANS, given.token)
    with Store.server(given.clickhouse_url) as store:
        rows = _rows(store, given.table)
        used = cpu_seconds(given.pid) if given.pid else 0.0
        took = sender.run(given.seconds, given.connections, given.rate)
        stored = _settled(store, given.table) - rows
    spans = len(sender.taken) * SPANS
    shown = [
        Figure("acknowledged", spans / took, "spans/s", detail={"refused": sender.refused}),
        Figure("stored of what was acknowledged", stored / spans if spans else 0.0, "", ratio=stored / max(1, spans)),
        Figure("acknowledgement, p50", quantile(sender.taken, 0.5) * 1000, "ms"),
        Figure("acknowledgement, p99", quantile(sender.taken, 0.99) * 1000, "ms"),
    ]
    if given.pid:
        used = cpu_seconds(given.pid) - used
        shown.append(Figure("per CPU second of the peer", spans / used if used else 0.0, "spans/CPU-s"))
        shown.append(Figure("memory of the peer", resident_mb(given.pid), "MB"))
    for each in shown:
        print(each.line())


def _rows(store: Store, table: str) -> int:
    return int(store.value("SELECT count() FROM " + ".".join(f"`{part}`" for part in table.split("."))))


def _settled(store: Store, table: str) -> int:
    """The rows of a table that has not grown for five seconds."""
    rows, since = _rows(store, table), time.monotonic()
    while time.monotonic() - since < 5:
        time.sleep(0.5)
        now = _rows(store, table)
        if now != rows:
            rows, since = now, time.monotonic()
    return rows


if __name__ == "__main__":
    main()
