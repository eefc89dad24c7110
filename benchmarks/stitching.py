"""How fast events become instances: bulk, ticks over growing history, reading, rebuilding, what many workflows cost.

`python -m benchmarks.stitching [--events N] [--keys document|random|both] [--only PART]` prints one table, with
progress on standard error. Everything runs over the embedded store in a folder of its own, on synthetic order-to-cash
events: 9.5 for each order, 42 % without a root key, deliveries that share shipments, invoices over several orders,
arriving shuffled. Wall time says what a person waits; CPU time (of the whole process, the engine's threads and merges
included) what it costs, and does not depend on what else the machine does. Ratios compare figures of one run. 20
million events take about 10 GB of disk.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.cost import Cost, measured
from benchmarks.figure import Figure
from benchmarks.load import SPANS, requests
from benchmarks.rest import come_to_rest
from collector import Signal, new_segment_id, spans_of_segments
from collector.decode import BLOCK_SETTINGS, insert_of
from correlator import Correlator, InstanceReader, rebuild_progress, request_rebuild
from correlator.compiling import in_parts
from correlator.tick import extraction_of
from model import Catalog, Comparison, Condition, KeyType, Match, Milestone, Outcome, SystemClock, Workflow
from store import Sql, Store, migrate

ROOMS = ("store", "collector", "correlator")
STEPS = ("placed", "released", "delivery_created", "picked", "shipped", "invoiced", "goods_issued", "paid", "arrived")
BULK = 80_000
SEGMENT_ROWS = 25_000
PORTION = 1_000_000


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
  concat({prefix}, '.', ['placed', 'released', 'delivery_created', 'delivery_created', 'picked', 'shipped', 'invoiced',
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
ONE_PREFIX = "'o2c'"
FIFTY_PREFIXES = "concat('flow', toString(intDiv(o, 6) % 50))"
RANDOM = "(p, n) -> lower(hex(sipHash128(p, n)))"
SHAPES = {"document": SEQUENTIAL, "random": RANDOM}


class Bench:
    """A store, one workflow, and events that are received segment by segment."""

    def __init__(
        self,
        folder: Path,
        shape: str = SEQUENTIAL,
        workflows: tuple[Workflow, ...] = (flow(),),
        prefix: str = ONE_PREFIX,
    ) -> None:
        self.store = Store.embedded(folder)
        migrate(self.store, ROOMS)
        self.catalog = Catalog(workflows)
        self.correlator = Correlator(self.store, SystemClock())
        self.shape = shape
        self.prefix = prefix
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
                .replace("{prefix}", self.prefix)
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

    def middle_tick(self, events: int, *, of: str = "otel_logs") -> Cost:
        """The middle one of five ticks, by CPU time, begun when the store is at rest, without merges `of` a table.

        Received rows are never merged meanwhile: over many of them that goes on for minutes, on a core of its own. With
        `of` empty no table is, and the cost is the tick's own: which merges fall into five ticks is chance, and the
        larger the store, the larger the one that may.
        """
        come_to_rest(self.store)
        self.store.execute(f"SYSTEM STOP MERGES {of}")
        ticks = sorted((self.tick(events) for _ in range(5)), key=lambda each: each.cpu)
        self.store.execute(f"SYSTEM START MERGES {of}")
        return ticks[2]

    def fill(self, events: int) -> tuple[int, Cost]:
        """Receive and stitch until so many events are stored; how many were stitched, and what stitching alone took."""
        total, done = Cost(), 0
        while self.received < events:
            self.receive(min(PORTION, events - self.received))
            count, cost = self.stitch()
            done += count
            total.wall += cost.wall
            total.cpu += cost.cpu
            rate = count / cost.wall
            _say(f"{self.received:,} of {events:,} events: {rate:,.0f}/s, {_resident():,.0f} MB resident")
        return done, total

    def rebuild(self) -> tuple[Cost, int]:
        """What deriving everything again takes, the switch included, and how many rows that were."""
        workflow = self.catalog.workflows[0]
        with measured() as cost:
            request_rebuild(self.store, "default", workflow, SystemClock().now())
            while rebuild_progress(self.store, "default", workflow.name).is_running:
                self.correlator.tick("default", self.catalog)
        return cost, self.received

    def percentiles(self, call: str, times: int = 200) -> tuple[float, float]:
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
    for name in SHAPES:
        yield from history(events, name)
    yield from many_workflows(min(events, 500_000))
    yield from extraction(min(events, 1_000_000))


def history(events: int, name: str) -> Iterator[Figure]:
    """Raw rows to instances, a tick over a twentieth of them and over all, then reading and a rebuild."""
    shape = SHAPES[name]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "data", shape)
        bench.fill(events // 20)
        early, early_alone = bench.middle_tick(10_000), bench.middle_tick(10_000, of="")
        before = _resident()
        done, cost = bench.fill(events)
        detail = {"wall_s": cost.wall, "cpu_s": cost.cpu, "events": done}
        yield Figure(f"bulk, {name}", done / cost.wall, "events/s", BULK, at_least=True, detail=detail)
        yield Figure(f"bulk, {name}, each CPU second", done / cost.cpu, "events", detail=detail)
        yield Figure(f"resident memory after it, {name}", _resident(), "MB", detail={"before": before})
        late, late_alone = bench.middle_tick(10_000), bench.middle_tick(10_000, of="")
        growth = 1.2 if shape == SEQUENTIAL else 2.0
        detail = {"cpu_ms": late.cpu * 1000, "early_ms": early.wall * 1000, "early_cpu_ms": early.cpu * 1000}
        yield Figure(f"tick of 10,000 events, {name}", late.wall * 1000, "ms", 300, detail=detail)
        grown = f"that tick against one over a twentieth, {name}"
        detail = {"wall_ms": late_alone.wall * 1000, "early_wall_ms": early_alone.wall * 1000}
        yield Figure(grown, late_alone.cpu / early_alone.cpu, "times CPU", growth, detail=detail)
        yield Figure(f"{grown}, with the merges meanwhile", late.cpu / early.cpu, "times CPU")
        come_to_rest(bench.store)
        for call in ("timeline", "search"):
            median, high = bench.percentiles(call)
            yield Figure(f"{call}, p99, {name}", high * 1000, "ms", 100, detail={"median_ms": median * 1000})
        if shape == SEQUENTIAL:
            took, rows = bench.rebuild()
            detail = {"cpu_s": took.cpu, "wall_s": took.wall, "resident_mb": _resident()}
            yield Figure("rebuild", rows / took.wall, "events/s", 10_000_000 / 180, at_least=True, detail=detail)
        bench.store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure(f"resident memory at most, {name}", peak, "MB", detail={"events": events})


def many_workflows(events: int) -> Iterator[Figure]:
    """Fifty workflows against one: where one of them has all events, and where each has a fiftieth of them."""
    names = [f"flow{number}" for number in range(50)]
    fifty = tuple(flow(name, name) for name in names)
    runs = {
        "one": ((flow(),), ONE_PREFIX),
        "of which one has the events": ((flow(), *fifty[1:]), ONE_PREFIX),
        "which share the events": (fifty, FIFTY_PREFIXES),
    }
    costs = {}
    for name, (workflows, prefix) in runs.items():
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder) / "data", workflows=workflows, prefix=prefix)
            bench.receive(events)
            _, costs[name] = bench.stitch()
            bench.store.close()
    for name, cost in list(costs.items())[1:]:
        yield Figure(f"fifty workflows, {name}, against one", cost.cpu / costs["one"].cpu, "times CPU", 1.5)


def extraction(spans: int) -> Iterator[Figure]:
    """What taking business events out of spans costs, where one span in ten is one, beside inserting the spans.

    They are inserted as the collector does it, and once more from a Native file, already decoded.
    """
    keys = (KeyType("order", 0, (("order.id",),)), KeyType("customer", 1, (("customer.id",),)))
    placed = Milestone("placed", 0, Match(span=Condition(Comparison.ANY_OF, ("order.placed",))), "placed")
    workflow = Workflow("orders", "orders", keys, "order", (placed,), hash="orders-1")
    with tempfile.TemporaryDirectory() as name, Store.embedded(Path(name)) as store:
        migrate(store, ROOMS)
        folder, per_insert = Path(name), 40 * SPANS
        segment, native = folder / "segment.otlp", folder / "rows.native"
        segment.write_bytes(b"".join(requests(40)))
        id_ = new_segment_id(SystemClock().now())
        received = insert_of(Signal.TRACES, "default", id_, segment)
        with measured() as decoded:
            for _ in range(spans // per_insert):
                store.execute(received)
        store.execute("TRUNCATE TABLE otel_traces")
        store.execute(received)
        business = "if(sipHash64(SpanId) % 10 = 0, 'order.placed', toString(SpanName)) AS SpanName"
        store.execute(
            Sql(
                "INSERT INTO FUNCTION file({native:String}, 'Native') "
                f"SELECT * REPLACE ({business}) FROM otel_traces ORDER BY rand()",
                {"native": str(native)},
            )
        )
        store.execute("TRUNCATE TABLE otel_traces")
        insert = Sql(
            f"INSERT INTO otel_traces SETTINGS {BLOCK_SETTINGS} SELECT * FROM file({{native:String}}, 'Native')",
            {"native": str(native)},
        )
        store.execute(insert)  # the first one warms up
        store.execute("TRUNCATE TABLE otel_traces")
        with measured() as inserted:
            for _ in range(spans // per_insert):
                store.execute(insert)
        [compiled] = in_parts([workflow])
        extract = extraction_of(compiled, "traces", spans_of_segments("default", [id_]))
        store.execute(extract)
        store.execute("TRUNCATE TABLE stage_events")
        with measured() as extracted:
            store.execute(extract)
        found = store.value("SELECT count() FROM stage_events")
        detail = {"spans": spans, "events": found, "insert_cpu_s": decoded.cpu, "extract_cpu_s": extracted.cpu}
        share, native_share = extracted.cpu / decoded.cpu, extracted.cpu / inserted.cpu
        yield Figure("extraction beside inserting the spans", share, "times CPU", 0.1, ratio=share, detail=detail)
        yield Figure("extraction beside a native insert of the spans", native_share, "times CPU", ratio=native_share)


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


PARTS = ("history", "workflows", "extraction")


def main() -> None:
    """Print the figures asked for, over so many events."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--keys", choices=[*SHAPES, "both"], default="both")
    parser.add_argument("--only", choices=PARTS, nargs="*", default=PARTS)
    given = parser.parse_args()
    found: list[Iterator[Figure]] = []
    if "history" in given.only:
        found += [history(given.events, name) for name in SHAPES if given.keys in {name, "both"}]
    if "workflows" in given.only:
        found.append(many_workflows(min(given.events, 500_000)))
    if "extraction" in given.only:
        found.append(extraction(min(given.events, 1_000_000)))
    for figure in (each for part in found for each in part):
        print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
