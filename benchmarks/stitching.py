"""How fast events become instances: bulk, ticks over growing history, reading, and what many workflows cost.

`python -m benchmarks.stitching [--events N]` prints one table. Everything runs over the embedded store in a folder of
its own, on synthetic order-to-cash events: 9.5 for each order, 42 % without a root key, deliveries that share
shipments, invoices over several orders, arriving shuffled. Wall time says what a person waits; CPU time (of the whole
process, the engine's threads included) what it costs, and does not depend on what else the machine does. Ratios
compare figures of one run.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.figure import Figure
from correlator import Correlator, InstanceReader, rebuild_progress, request_rebuild
from model import Catalog, Comparison, Condition, KeyType, Match, Milestone, Outcome, SystemClock, Workflow
from store import Store, migrate

ROOMS = ("store", "collector", "correlator")
STEPS = ("placed", "released", "delivery_created", "picked", "shipped", "invoiced", "goods_issued", "paid", "arrived")
BULK = 80_000
SEGMENT_ROWS = 25_000


@dataclass
class Cost:
    """What a stretch of work took, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of what happens inside."""
    cost, wall, cpu = Cost(), time.perf_counter(), _cpu()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def flow(name: str = "o2c", prefix: str = "o2c") -> Workflow:
    """Order to cash over five key types; events are named `<prefix>.<step>`."""
    keys = tuple(
        KeyType(each, rank, ((f"{each}.id",),))
        for rank, each in enumerate(("order", "delivery", "shipment", "invoice"))
    )
    steps = tuple(
        Milestone(
            each,
            place,
            Match(event=Condition(Comparison.ANY_OF, (f"{prefix}.{each}",))),
            each,
            system="erp",
            repeatable=True,
            ends=Outcome.COMPLETED if each == "paid" else None,
        )
        for place, each in enumerate(STEPS)
    )
    return Workflow(name, name, (*keys, KeyType("trace", 4)), "order", steps, hash=f"{name}-1")


EVENTS = """
WITH
  cityHash64(number, 7) AS h, intDiv(number, 19) * 2 + (number % 19 >= 10) AS o, number % 19 % 10 AS e,
  {shape} AS named
SELECT
  toDateTime64('2026-11-01 00:00:00', 6) + toIntervalSecond(intDiv(o, 10)) + toIntervalMinute(e) AS Timestamp,
  concat('o2c.', ['placed', 'released', 'delivery_created', 'delivery_created', 'picked', 'shipped', 'invoiced',
    'goods_issued', 'paid', 'arrived'][e + 1]) AS EventName,
  'erp' AS ServiceName,
  mapFilter((k, v) -> v != '', map(
    'order.id', if(e IN (0, 1, 2, 3, 6), named('SO', o), ''),
    'delivery.id', multiIf(e = 2, named('D', o * 2), e = 3, named('D', o * 2 + 1),
      e IN (4, 5, 7), named('D', o * 2 + h % 2), ''),
    'shipment.id', if(e IN (5, 9), named('S', intDiv(o, 3)), ''),
    'invoice.id', if(e IN (6, 8), named('I', intDiv(o, 2)), ''),
    'order.total', '100.00', 'plant', '1000', 'user', concat('u', toString(h % 50)),
    'cloudevents.event_id', concat(toString(number)), 'cloudevents.event_source', '/erp')) AS LogAttributes
FROM (SELECT number + {first} AS number FROM numbers({count}))
ORDER BY cityHash64(intDiv(number, 100000), 0) * 0 + cityHash64(number)
"""
SEQUENTIAL = "(p, n) -> concat(p, leftPad(toString(n), 10, '0'))"
RANDOM = "(p, n) -> lower(hex(sipHash128(p, n)))"


class Bench:
    """A store, one workflow, and events that are received segment by segment."""

    def __init__(self, folder: Path, shape: str = SEQUENTIAL, workflows: tuple[Workflow, ...] = (flow(),)) -> None:
        self.store = Store.embedded(folder)
        migrate(self.store, ROOMS)
        self.catalog = Catalog(workflows)
        self.correlator = Correlator(self.store, SystemClock())
        self.shape = shape
        self.received = 0

    def receive(self, events: int) -> None:
        """Raw rows, committed in segments: what the collector would have done before."""
        now = SystemClock().now()
        for first in range(0, events, SEGMENT_ROWS):
            count = min(SEGMENT_ROWS, events - first)
            at = now + timedelta(microseconds=self.received)
            segment = f"{int(at.timestamp() * 1_000_000):016x}-{self.received:08x}"
            body = (
                EVENTS.replace("{shape}", self.shape)
                .replace("{first}", str(self.received))
                .replace("{count}", str(count))
            )
            self.store.execute(
                "INSERT INTO otel_logs "
                "(Timestamp, EventName, ServiceName, LogAttributes, ReceivedAt, Tenant, SegmentId) "
                f"SELECT *, {{at:DateTime64(6)}}, 'default', {{segment:String}} FROM ({body})",
                {"at": at, "segment": segment},
            )
            self.store.insert(
                "segments",
                ["tenant", "segment_id", "signal", "rows", "bytes", "received_from", "received_to", "committed_at"],
                [["default", segment, "logs", count, 0, at, at, at]],
            )
            self.received += count

    def stitch(self) -> tuple[int, Cost]:
        """All that waits; how many events, and the cost."""
        events = 0
        with measured() as cost:
            while True:
                report = self.correlator.tick("default", self.catalog)
                events += report.events
                if not report.segments:
                    return events, cost

    def tick(self, events: int) -> Cost:
        """The cost of one tick over so many new events."""
        self.receive(events)
        with measured() as cost:
            self.correlator.tick("default", self.catalog)
        return cost

    def middle_tick(self, events: int) -> Cost:
        """The middle one of five ticks, by CPU time."""
        return sorted((self.tick(events) for _ in range(5)), key=lambda each: each.cpu)[2]

    def rebuild(self) -> tuple[float, int]:
        """How long deriving everything again takes, the switch included, and how many rows that were."""
        start = time.perf_counter()
        request_rebuild(self.store, "default", self.catalog.workflows[0], SystemClock().now())
        while rebuild_progress(self.store, "default", self.catalog.workflows[0].name).is_running:
            self.correlator.tick("default", self.catalog)
        return time.perf_counter() - start, self.received

    def percentiles(self, call: str, times: int = 60) -> tuple[float, float]:
        """Median and 99th percentile of reading one random instance's timeline, or searching one of its keys."""
        reader, definition = InstanceReader(self.store), self.catalog.workflows[0]
        rows = self.store.rows(f"SELECT key FROM instances ORDER BY cityHash64(key) LIMIT {times + 3}")
        took = []
        for row in rows:
            start = time.perf_counter()
            if call == "timeline":
                reader.timeline("default", definition, row["key"])
            else:
                reader.search("default", self.catalog, row["key"], limit=20)
            took.append(time.perf_counter() - start)
        took = sorted(took[3:])
        return statistics.median(took), took[int(len(took) * 0.99)]


def figures(seconds: float) -> Iterator[Figure]:
    """All figures; `seconds` scales how many events are stored (20 s: a million)."""
    events = int(seconds * 50_000)
    for name, shape in (("document numbers", SEQUENTIAL), ("random keys", RANDOM)):
        yield from _history(events, name, shape)
    yield from _many_workflows(min(events, 500_000))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("resident memory at most", peak, "MB", detail={"events": events})


def _history(events: int, name: str, shape: str) -> Iterator[Figure]:
    """Raw rows to instances, a tick over a tenth of them and over all, then reading and a rebuild."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "data", shape)
        bench.receive(events // 10)
        bench.stitch()
        early = bench.middle_tick(10_000)
        bench.receive(events - bench.received)
        done, cost = bench.stitch()
        detail = {"wall_s": cost.wall, "cpu_s": cost.cpu, "events": done}
        yield Figure(f"bulk, {name}", done / cost.wall, "events/s", BULK, at_least=True, detail=detail)
        yield Figure(f"bulk, {name}, each CPU second", done / cost.cpu, "events", detail=detail)
        late = bench.middle_tick(10_000)
        growth = 1.2 if shape == SEQUENTIAL else 2.0
        yield Figure(f"tick of 10,000 events, {name}", late.wall * 1000, "ms", 300, detail={"cpu_ms": late.cpu * 1000})
        yield Figure(f"that tick against one over a tenth, {name}", late.cpu / early.cpu, "times CPU", growth)
        for call in ("timeline", "search"):
            median, high = bench.percentiles(call)
            yield Figure(f"{call}, p99, {name}", high * 1000, "ms", 100, detail={"median_ms": median * 1000})
        if shape == SEQUENTIAL:
            seconds, rows = bench.rebuild()
            yield Figure("rebuild", rows / seconds, "events/s", 10_000_000 / 180, at_least=True)
        bench.store.close()


def _many_workflows(events: int) -> Iterator[Figure]:
    """Fifty workflows, of which one has the events, against that one alone."""
    costs = []
    for count in (1, 50):
        others = tuple(flow(f"other{number}", f"other{number}") for number in range(count - 1))
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder) / "data", workflows=(flow(), *others))
            bench.receive(events)
            _, cost = bench.stitch()
            costs.append(cost.cpu)
            bench.store.close()
    yield Figure("fifty workflows against one", costs[1] / costs[0], "times CPU", 1.5)


def main() -> None:
    """Print all figures over so many events."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    for figure in figures(parser.parse_args().events / 50_000):
        print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
