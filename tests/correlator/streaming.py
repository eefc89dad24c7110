"""A process of its own that receives events and stitches them at once, until it is killed: `python -m ... TARGET`.

The target is a folder or, on a server, `http://host:port#database`.

Segments are numbered; one that is committed already is not sent again, so a restart goes on where it was cut off. The
rows of a segment and its record are two inserts: the collector's exactly-once is not what is tested here, so each
segment is put in whole by a repeatable insert.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from correlator import Correlator
from model import Catalog, ManualClock
from store import Store, migrate
from tests.correlator.telemetry import RECEIVED, Event, log_row, milestones, workflow

SEGMENTS = 40
FLOW = workflow(("order", "delivery", "shipment", "invoice", "trace"), milestones(["placed", "made", "gone", "paid"]))
ROOMS = ("store", "collector", "correlator")


def events_of(number: int) -> list[Event]:
    """The events of a segment: what needs a link comes segments before it."""
    later, early = number + 3, number
    return [
        Event(f"a{early}", early, "placed", {"order": f"O{early}"}),
        Event(f"c{later}", later + 9, "gone", {"delivery": f"D{later}"}),
        Event(f"b{early}", early + 5, "made", {"order": f"O{early}", "delivery": f"D{early}"}),
        Event(f"s{early}", early + 6, "gone", {"delivery": f"D{early}", "shipment": f"S{early // 4}"}),
        Event(f"p{later}", later + 20, "paid", {"shipment": f"S{later // 4}", "invoice": f"I{later}"}),
        Event(f"q{early}", early + 30, "paid", {"invoice": f"I{early}"}),
    ]


def open_store(target: str) -> Store:
    """The store that the target names."""
    if not target.startswith("http"):
        return Store.embedded(Path(target))
    url, database = target.split("#")
    return Store.server(url, database=database)


def run(target: str) -> None:
    """All segments that are not there yet, a tick after each; prints `done` at the end."""
    store = open_store(target)
    migrate(store, ROOMS)
    correlator = Correlator(store, ManualClock(RECEIVED))
    correlator.tick("default", Catalog((FLOW,)))
    for number in range(SEGMENTS):
        at = RECEIVED + timedelta(microseconds=number)
        segment = f"{int(at.timestamp() * 1_000_000):016x}-{number:08x}"
        if store.value("SELECT count() FROM segments WHERE segment_id = {id:String}", {"id": segment}):
            continue
        store.execute("DELETE FROM otel_logs WHERE SegmentId = {id:String}", {"id": segment})
        rows = [log_row(each) for each in events_of(number)]
        names = list(rows[0])
        store.insert(
            "otel_logs",
            [*names, "ReceivedAt", "Tenant", "SegmentId"],
            [[*(row[name] for name in names), at, "default", segment] for row in rows],
        )
        store.insert(
            "segments",
            ["tenant", "segment_id", "signal", "rows", "bytes", "received_from", "received_to", "committed_at"],
            [["default", segment, "logs", len(rows), 0, at, at, at]],
        )
        correlator.tick("default", Catalog((FLOW,)))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    sys.stdout.write("done\n")
    store.close()


if __name__ == "__main__":
    run(sys.argv[1])
