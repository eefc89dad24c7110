"""How fast clocks are judged: opening, ticks over open clocks, growing closed history, objectives.

`python -m benchmarks.judging [--clocks N] [--ledger N]` prints one table. Embedded store, a folder of its own for each
world, 20 SLAs, half of them in business time. In one world every order has a clock of each SLA, so that one event makes
twenty clocks be looked at; in the other each order has one clock, of the SLA of its class. Instances and events are
written as the correlator would leave them, with numbers of one width, as documents have; those that change are spread
over all of them. Wall time says what a person waits; CPU time (of the whole process, the
engine's threads included) does not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.cost import Cost, measured
from benchmarks.figure import Figure
from benchmarks.rest import come_to_rest
from model import Catalog, SystemClock, catalog_from_sources
from sla_engine import SlaEngine, VerdictReader
from store import Store, migrate

ROOMS = ("store", "collector", "correlator", "sla_engine")
TENANT = "default"
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
OPEN_AT = START + timedelta(hours=2)
SLAS = 20
CHANGED = 10_000

WHOLE_RUN = 20.0
"""Seconds of a load from which on everything is measured in full; less makes it as much smaller."""

EVENTS = """
INSERT INTO events (tenant, workflow, event_id, milestone, place, kind, outcome, system, occurred_at, received_at,
  typed_keys, attributes)
SELECT 'default', 'orders', lower(hex(sipHash128(number, {milestone:String}))), {milestone:String}, {place:UInt16},
  'milestone', if({milestone:String} = 'cancelled', 'cancelled', ''), 'erp',
  {at:DateTime64(6)} + toIntervalSecond(number % 1800), {at:DateTime64(6)},
  [concat('orders', char(31), 'order', char(31), 'SO-', leftPad(toString(number), 9, '0'))],
  map('class', toString(number % 20))
FROM (SELECT {first:UInt64} + number * {apart:UInt64} AS number FROM numbers({count:UInt64}))
"""
MEMBERSHIPS = """
INSERT INTO memberships (tenant, instance, event_id, workflow, key, occurred_at, received_at, milestone, place, version)
SELECT 'default', concat('orders', char(31), 'order', char(31), 'SO-', leftPad(toString(number), 9, '0')),
  lower(hex(sipHash128(number, {milestone:String}))), 'orders', concat('SO-', leftPad(toString(number), 9, '0')),
  {at:DateTime64(6)}, {at:DateTime64(6)}, {milestone:String}, {place:UInt16}, {version:UInt64}
FROM (SELECT {first:UInt64} + number * {apart:UInt64} AS number FROM numbers({count:UInt64}))
"""
INSTANCES = """
INSERT INTO instances (tenant, workflow, key, status, started_at, last_event_at, version)
SELECT 'default', 'orders', concat('SO-', leftPad(toString(number), 9, '0')), 'in_progress', {at:DateTime64(6)},
  {at:DateTime64(6)}, {version:UInt64}
FROM (SELECT {first:UInt64} + number * {apart:UInt64} AS number FROM numbers({count:UInt64}))
"""
TOUCHED = """
INSERT INTO touched (tenant, version, workflow, key)
SELECT 'default', {version:UInt64}, 'orders', concat('SO-', leftPad(toString(number), 9, '0'))
FROM (SELECT {first:UInt64} + number * {apart:UInt64} AS number FROM numbers({count:UInt64}))
"""
LEDGER = """
INSERT INTO verdicts (tenant, seq, workflow, sla, key, clock, per, verdict, valid_from, known_at, started_at,
  deadline_at, satisfied_at, reason, definition)
SELECT 'default', number + 1, 'orders', concat('kept_', toString(number % 20)), concat('SO-', toString(number)),
  lower(hex(sipHash128(number))), '', if(number % 50 = 0, 'breached', 'met') AS verdict,
  {at:DateTime64(6)} - toIntervalSecond(number % 5000000), {at:DateTime64(6)}, {at:DateTime64(6)}, NULL, NULL, '', ''
FROM numbers({count:UInt64})
"""


@dataclass(frozen=True)
class Applied:
    """A catalog in force since long."""

    catalog: Catalog
    effective_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)


def catalog(prefix: str = "in_time", *, by_class: bool = False) -> Catalog:
    """Twenty promises about one workflow, half of them in business time, all with a risk and an objective.

    Each has a milestone of its own that answers; or all have the same, and each holds for a class of orders.
    """
    slas = [
        {
            "id": f"{prefix}_{number}",
            "from": "placed",
            "to": "step_0" if by_class else f"step_{number}",
            "within": f"{number + 4}h",
            "at_risk": "90%",
            **({"calendar": "office"} if number % 2 else {}),
            **({"where": {"attributes": {"class": str(number)}}} if by_class else {}),
            "objective": {"target": "99%", "window": "30d"},
        }
        for number in range(SLAS)
    ]
    steps = [{"id": f"step_{number}", "match": {"event": f"step_{number}"}} for number in range(SLAS)]
    document = {
        "workflow": "orders",
        "keys": {"order": {"attributes": ["order"]}},
        "root": "order",
        "milestones": [
            {"id": "placed", "match": {"event": "placed"}},
            *steps,
            {"id": "cancelled", "match": {"event": "cancelled"}, "ends": "cancelled"},
        ],
        "slas": slas,
        "calendars": {
            "office": {"zone": "Europe/Berlin", "hours": {"mon-fri": "09:00-17:00"}, "holidays": {"country": "DE"}}
        },
    }
    return catalog_from_sources([("bench.yaml", json.dumps(document))])


class Bench:
    """One store and the steps of the measurement."""

    def __init__(self, store: Store, promised: Catalog | None = None) -> None:
        migrate(store, ROOMS)
        self.store = store
        self.engine = SlaEngine(store, SystemClock())
        self.history = [Applied(promised or catalog())]
        self._version = 1_790_000_000_000_000

    def reach(self, milestone: str, place: int, at: datetime, first: int, count: int, apart: int = 1) -> None:
        """So many orders, their numbers so far apart, reach a milestone, and the correlator says so."""
        params = {"milestone": milestone, "place": place, "at": at, "first": first, "count": count, "apart": apart}
        for statement in (EVENTS, MEMBERSHIPS, INSTANCES):
            self.store.execute(statement, {**params, "version": self._version + 1_000_000})
        self.touch(at, first, count, apart)

    def touch(self, at: datetime, first: int, count: int, apart: int = 1) -> None:
        """The correlator has recomputed so many orders."""
        self._version += 1_000_000
        params = {"first": first, "count": count, "apart": apart, "version": self._version}
        self.store.execute(TOUCHED, params)
        columns = ("tenant", "version", "at", "segments", "events", "instances")
        self.store.insert("correlator_ticks", columns, [(TENANT, self._version, at, 1, count, count)])

    def tick(self, at: datetime) -> Cost:
        """One tick, once the store has put in order what the benchmark wrote: that is not the tick's work."""
        come_to_rest(self.store)
        with measured() as cost:
            self.engine.tick(TENANT, self.history, at)
        return cost

    def quiet(self, at: datetime, ticks: int = 5) -> Cost:
        """The best of a few ticks in which nothing changes."""
        return min((self.tick(at + timedelta(seconds=5 * n)) for n in range(ticks)), key=lambda cost: cost.cpu)


def figures(seconds: float) -> Iterator[Figure]:
    """All of them, as they are measured; smaller worlds for less than `WHOLE_RUN` seconds a load."""
    share = min(1.0, seconds / WHOLE_RUN)
    yield from measure(int(1_000_000 * share), int(10_000_000 * share))


def measure(clocks: int, ledger: int) -> Iterator[Figure]:
    """All of them, over so many open clocks and so many verdicts."""
    for part, size in ((_twenty_each, clocks), (_one_each, clocks), (_history, clocks), (_objectives, ledger)):
        with tempfile.TemporaryDirectory() as folder, Store.embedded(Path(folder)) as store:
            yield from part(store, size)


def _twenty_each(store: Store, clocks: int) -> Iterator[Figure]:
    bench, orders = Bench(store), clocks // SLAS
    changed = min(CHANGED, orders)
    bench.reach("placed", 0, START, 0, orders)
    yield _seconds(f"open {clocks:,} clocks from history", bench.tick(OPEN_AT), 60 * clocks / 1_000_000)
    yield Figure("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    yield _seconds(f"tick over {clocks:,} clocks, nothing changed", bench.quiet(OPEN_AT + timedelta(seconds=5)), 0.5)
    bench.touch(START, 0, changed, orders // changed)
    cost = bench.tick(OPEN_AT + timedelta(seconds=60))
    yield _seconds(f"{changed:,} orders recomputed, nothing new", cost, 1.0)
    bench.reach("step_3", 4, START + timedelta(minutes=60), 0, changed, orders // changed)
    cost = bench.tick(OPEN_AT + timedelta(seconds=70))
    yield _seconds(f"{changed:,} orders, one of 20 clocks each answered", cost, 1.0)
    bench.reach("cancelled", 21, START + timedelta(minutes=80), 0, changed, orders // changed)
    cost = bench.tick(OPEN_AT + timedelta(seconds=80))
    yield _seconds(f"{changed:,} orders, all {changed * SLAS:,} clocks cancelled", cost, 1.0)


def _one_each(store: Store, clocks: int) -> Iterator[Figure]:
    bench, changed = Bench(store, catalog(by_class=True)), min(CHANGED, clocks)
    bench.reach("placed", 0, START, 0, clocks)
    yield _seconds(f"open {clocks:,} clocks, one for each order", bench.tick(OPEN_AT), 60 * clocks / 1_000_000)
    yield _seconds("tick over them, nothing changed", bench.quiet(OPEN_AT + timedelta(seconds=5)), 0.5)
    bench.reach("step_0", 1, START + timedelta(minutes=60), 0, changed, clocks // changed)
    cost = bench.tick(OPEN_AT + timedelta(seconds=70))
    yield _seconds(f"{changed:,} orders, the clock of each answered", cost, 1.0)


def _history(store: Store, clocks: int) -> Iterator[Figure]:
    """A tick over few open clocks before and after a hundred times as many have been opened and closed."""
    bench, closed = Bench(store), clocks // SLAS
    few = closed // 100
    bench.reach("placed", 0, START, 0, few)
    bench.tick(OPEN_AT)
    quiet, changed = _small_ticks(bench, few, OPEN_AT + timedelta(minutes=1))
    bench.reach("placed", 0, START - timedelta(days=20), few, closed)
    bench.reach("cancelled", 21, START - timedelta(days=20) + timedelta(minutes=40), few, closed)
    bench.tick(OPEN_AT + timedelta(minutes=10))
    later = _small_ticks(bench, few, OPEN_AT + timedelta(minutes=11))
    for name, before, after in (("nothing changed", quiet, later[0]), (f"{few:,} orders changed", changed, later[1])):
        detail = {"cpu_seconds": round(after.cpu, 3), "cpu_seconds_before": round(before.cpu, 3)}
        ratio = after.cpu / before.cpu
        yield Figure(f"tick beside 100 x closed history, {name}", ratio, "x CPU", 1.2, detail=detail)


def _small_ticks(bench: Bench, orders: int, at: datetime) -> tuple[Cost, Cost]:
    """The best of some ticks with nothing changed, and with all these orders recomputed."""
    quiet = bench.quiet(at, ticks=9)
    costs = []
    for number in range(5):
        bench.touch(START, 0, orders)
        costs.append(bench.tick(at + timedelta(seconds=60 + 5 * number)))
    return quiet, min(costs, key=lambda cost: cost.cpu)


def _objectives(store: Store, ledger: int) -> Iterator[Figure]:
    promised = catalog("kept")
    bench = Bench(store, promised)
    store.execute(LEDGER, {"at": START, "count": ledger})
    yield _seconds(f"counting {ledger:,} verdicts, once", bench.tick(START), None)
    reader = VerdictReader(store)
    for name, wanted, bound in (("one SLA", promised.slas[:1], 0.1), ("all SLAs", promised.slas, 0.5)):
        workflow = promised.workflows[0]
        part = Catalog(workflows=(replace(workflow, slas=wanted),))
        costs = []
        for _ in range(5):
            with measured() as cost:
                reader.summaries(TENANT, part, START)
            costs.append(cost)
        best = min(costs, key=lambda each: each.cpu)
        yield _seconds(f"attainment, budget, burn of {name}, {ledger:,} verdicts", best, bound)


def _seconds(name: str, cost: Cost, bound: float | None) -> Figure:
    ratio = cost.wall / bound if bound else None
    return Figure(name, cost.wall, "s", bound, ratio=ratio, detail={"cpu_seconds": round(cost.cpu, 3)})


def main() -> int:
    """1 where a figure does not keep its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--ledger", type=int, default=10_000_000)
    given = parser.parse_args()
    all_ = []
    for figure in measure(given.clocks, given.ledger):
        all_.append(figure)
        print(figure.line(), f"cpu {figure.detail['cpu_seconds']:.3f} s" if figure.detail else "", flush=True)
    return int(any(each.is_good is False for each in all_))


if __name__ == "__main__":
    raise SystemExit(main())
