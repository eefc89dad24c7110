"""How fast clocks are judged: opening, ticks over open clocks, growing closed history, objectives.

`python -m benchmarks.judging [--clocks N] [--ledger N]` prints one table. Embedded store, a folder of its own, 20 SLAs,
half of them in business time, one event for each order: N clocks are N / 20 orders. Instances and events are written
as the correlator would leave them. Wall time says what a person waits; CPU time (of the whole process, the engine's
threads included) does not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figure import Figure
from model import Catalog, SystemClock, catalog_from_sources
from sla_engine import SlaEngine, VerdictReader
from store import Store, migrate

ROOMS = ("store", "collector", "correlator", "sla_engine")
TENANT = "default"
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
OPEN_AT, CLOSED_AT = START + timedelta(hours=2), START + timedelta(hours=1)
SLAS = 20
CHANGED = 10_000

EVENTS = """
INSERT INTO events (tenant, workflow, event_id, milestone, place, kind, outcome, system, occurred_at, received_at,
  typed_keys)
SELECT 'default', 'orders', lower(hex(sipHash128(number, milestone))), milestone, place, 'milestone', '', 'erp',
  at + toIntervalSecond(number % 1800), at, [concat('orders', char(31), 'order', char(31), 'SO-', toString(number))]
FROM (SELECT number, {milestone:String} AS milestone, {place:UInt16} AS place, {at:DateTime64(6)} AS at
  FROM numbers({first:UInt64}, {count:UInt64}))
"""
MEMBERSHIPS = """
INSERT INTO memberships (tenant, instance, event_id, workflow, key, occurred_at, received_at, milestone, place, version)
SELECT 'default', concat('orders', char(31), 'order', char(31), 'SO-', toString(number)),
  lower(hex(sipHash128(number, {milestone:String}))), 'orders', concat('SO-', toString(number)),
  {at:DateTime64(6)}, {at:DateTime64(6)}, {milestone:String}, {place:UInt16}, {version:UInt64}
FROM numbers({first:UInt64}, {count:UInt64})
"""
INSTANCES = """
INSERT INTO instances (tenant, workflow, key, status, started_at, last_event_at, version)
SELECT 'default', 'orders', concat('SO-', toString(number)), 'in_progress', {at:DateTime64(6)}, {at:DateTime64(6)},
  {version:UInt64}
FROM numbers({first:UInt64}, {count:UInt64})
"""
TOUCHED = """
INSERT INTO touched (tenant, version, workflow, key)
SELECT 'default', {version:UInt64}, 'orders', concat('SO-', toString(number))
FROM numbers({first:UInt64}, {count:UInt64})
"""
LEDGER = """
INSERT INTO verdicts
SELECT 'default', number + 1, 'orders', concat('kept_', toString(number % 20)), concat('SO-', toString(number)),
  lower(hex(sipHash128(number))), '', if(number % 50 = 0, 'breached', 'met') AS verdict,
  {at:DateTime64(6)} - toIntervalSecond(number % 5000000), {at:DateTime64(6)}, {at:DateTime64(6)}, NULL, NULL, '', ''
FROM numbers({count:UInt64})
"""
CLOCKS = """
INSERT INTO clocks (tenant, workflow, key, sla, clock, verdict, valid_from, known_at, started_at, version)
SELECT tenant, workflow, key, sla, clock, verdict, valid_from, known_at, started_at, 1 FROM verdicts
"""


@dataclass
class Cost:
    """What a stretch of work took, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class Applied:
    """A catalog in force since long."""

    catalog: Catalog
    effective_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of what happens inside."""
    cost, wall, cpu = Cost(), time.perf_counter(), _cpu()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def catalog(prefix: str = "in_time") -> Catalog:
    """Twenty promises about one workflow, half of them in business time, all with a risk and an objective."""
    slas = [
        {
            "id": f"{prefix}_{number}",
            "from": "placed",
            "to": "shipped",
            "within": f"{number + 4}h",
            "at_risk": "90%",
            **({"calendar": "office"} if number % 2 else {}),
            "objective": {"target": "99%", "window": "30d"},
        }
        for number in range(SLAS)
    ]
    document = {
        "workflow": "orders",
        "keys": {"order": {"attributes": ["order"]}},
        "root": "order",
        "milestones": [
            {"id": "placed", "match": {"event": "placed"}},
            {"id": "shipped", "match": {"event": "shipped"}, "ends": "completed"},
        ],
        "slas": slas,
        "calendars": {
            "office": {"zone": "Europe/Berlin", "hours": {"mon-fri": "09:00-17:00"}, "holidays": {"country": "DE"}}
        },
    }
    return catalog_from_sources([("bench.yaml", json.dumps(document))])


class Bench:
    """One store and the steps of the measurement."""

    def __init__(self, store: Store) -> None:
        migrate(store, ROOMS)
        self.store = store
        self.engine = SlaEngine(store, SystemClock())
        self.history = [Applied(catalog())]
        self._version = 1_790_000_000_000_000

    def reach(self, milestone: str, place: int, at: datetime, first: int, count: int) -> None:
        """So many orders reach a milestone, and the correlator says so."""
        self._version += 1_000_000
        params = {"milestone": milestone, "place": place, "at": at, "first": first, "count": count}
        for statement in (EVENTS, MEMBERSHIPS, INSTANCES, TOUCHED):
            self.store.execute(statement, {**params, "version": self._version})
        columns = ("tenant", "version", "at", "segments", "events", "instances")
        self.store.insert("correlator_ticks", columns, [(TENANT, self._version, at, 1, count, count)])

    def tick(self, at: datetime) -> Cost:
        """One tick."""
        with measured() as cost:
            self.engine.tick(TENANT, self.history, at)
        return cost

    def quiet(self, at: datetime, ticks: int = 5) -> Cost:
        """The best of a few ticks in which nothing changes."""
        return min((self.tick(at + timedelta(seconds=5 * n)) for n in range(ticks)), key=lambda cost: cost.cpu)


def figures(clocks: int, ledger: int) -> Iterator[Figure]:
    """All of them, as they are measured."""
    orders = clocks // SLAS
    with tempfile.TemporaryDirectory() as folder, Store.embedded(Path(folder)) as store:
        yield from _ticks(Bench(store), orders, clocks)
        yield from _objectives(store, ledger)


def _ticks(bench: Bench, orders: int, clocks: int) -> Iterator[Figure]:
    bench.reach("placed", 0, START, 0, orders)
    cost = bench.tick(OPEN_AT)
    yield _seconds(f"open {clocks:,} clocks from history", cost, 60 * clocks / 1_000_000)
    yield Figure("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    base = bench.quiet(OPEN_AT + timedelta(seconds=5))
    yield _seconds("tick, nothing changed", base, 0.5)
    bench.reach("placed", 0, START, 0, min(CHANGED, orders))
    changed = bench.tick(OPEN_AT + timedelta(seconds=60))
    yield _seconds(
        f"tick, {min(CHANGED, orders):,} instances ({min(CHANGED, orders) * SLAS:,} clocks) changed", changed, 1.0
    )
    closed = orders * 4
    bench.reach("placed", 0, START - timedelta(days=20), orders, closed)
    bench.reach("shipped", 1, START - timedelta(days=20) + timedelta(minutes=40), orders, closed)
    bench.tick(OPEN_AT + timedelta(seconds=120))
    after = bench.quiet(OPEN_AT + timedelta(seconds=130))
    yield _seconds(
        f"tick, nothing changed, {closed * SLAS:,} closed clocks more", after, 0.5, ratio=after.cpu / base.cpu
    )
    bench.reach("placed", 0, START, 0, min(CHANGED, orders))
    again = bench.tick(OPEN_AT + timedelta(seconds=200))
    yield _seconds("tick, as many changed, beside them", again, 1.0, ratio=again.cpu / changed.cpu)


def _objectives(store: Store, ledger: int) -> Iterator[Figure]:
    for table in ("clocks", "verdicts"):
        store.execute(f"TRUNCATE TABLE {table}")
    store.execute(LEDGER, {"at": START, "count": ledger})
    store.execute(CLOCKS)
    reader, promised = VerdictReader(store), catalog("kept")
    for name, wanted, bound in (("one SLA", promised.slas[:1], 0.1), ("all SLAs", promised.slas, 0.5)):
        workflow = promised.workflows[0]
        part = Catalog(workflows=(replace(workflow, slas=wanted),))
        costs = []
        for _ in range(3):
            with measured() as cost:
                reader.summaries(TENANT, part, START)
            costs.append(cost)
        best = min(costs, key=lambda each: each.cpu)
        yield _seconds(f"attainment, budget, burn of {name}, {ledger:,} verdicts", best, bound)


def _seconds(name: str, cost: Cost, bound: float, ratio: float | None = None) -> Figure:
    return Figure(name, cost.wall, "s", bound, ratio=ratio, detail={"cpu_seconds": round(cost.cpu, 3)})


def main() -> int:
    """1 where a figure does not keep its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--ledger", type=int, default=10_000_000)
    given = parser.parse_args()
    all_ = []
    for figure in figures(given.clocks, given.ledger):
        all_.append(figure)
        print(figure.line(), f"cpu {figure.detail['cpu_seconds']:.3f} s" if figure.detail else "", flush=True)
    return int(any(each.is_good is False for each in all_))


if __name__ == "__main__":
    raise SystemExit(main())
