"""The timers: what fails for one tenant is told, and keeps no other tenant from its turn."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import apscheduler.schedulers.base
import pytest

import model.clock
from alerting import Alerting
from correlator import Correlator, InstanceReader
from correlator.tick import TickReport
from model import Catalog, ManualClock, StoreUnavailable, catalog_from_sources
from sla_engine import LeaseLost, SlaEngine, VerdictReader
from store import Store, apply_catalog
from tests.correlator.telemetry import RECEIVED, START, Event, send
from throughline.engine import Catalogs, Engine, all_wait
from throughline.standby import Holding

CATALOG = """
workflow: orders
title: Orders
keys:
  order: {attributes: [key.order]}
root: order
milestones:
  - {id: placed, system: shop, match: {event: placed}}
  - {id: sent, system: shop, match: {event: sent}}
slas:
  - {id: sent_in_time, from: placed, to: sent, within: 1h, at_risk: 80%}
"""
TENANTS = ("acme", "bolt", "core")
BROKEN = "bolt"


class _BrokenCorrelator(Correlator):
    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        if tenant == BROKEN:
            raise StoreUnavailable("no room on the disk\nmore about it")
        return super().tick(tenant, catalog)


class _BrokenSlaEngine(SlaEngine):
    def tick(self, tenant: str, catalog_history: Sequence[Any], as_of: datetime | None = None) -> Any:
        if tenant == BROKEN:
            raise ValueError
        return super().tick(tenant, catalog_history, as_of)


class _WatchedAlerting(Alerting):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.alerted: set[str] = set()

    def tick(self, tenant: str, catalog: Catalog, now: datetime) -> Any:
        self.alerted.add(tenant)
        return super().tick(tenant, catalog, now)


def test_what_fails_for_one_tenant_keeps_no_other_from_its_turn(store: Store) -> None:
    clock = ManualClock(RECEIVED + timedelta(minutes=1))
    catalog = catalog_from_sources([("catalog.yaml", CATALOG)])
    for tenant in TENANTS:
        apply_catalog(store, catalog, tenant=tenant, actor="ann", at=RECEIVED)
        send(store, [Event("1", 0, "placed", {"order": "O1"})], tenant=tenant)
    catalogs = Catalogs(store)
    catalogs.refresh()
    alerting = _WatchedAlerting(store, clock, "http://127.0.0.1:8050")
    engine = Engine(
        clock,
        catalogs,
        correlator=_BrokenCorrelator(store, clock),
        sla_engine=_BrokenSlaEngine(store, clock),
        alerting=alerting,
        tick_seconds=1,
    )
    engine.start()
    try:
        engine.segments_committed()
        reader = InstanceReader(store)
        _until(lambda: bool(reader.workflow_counts("core")) and bool(reader.workflow_counts("acme")))
        _until(lambda: alerting.alerted == set(TENANTS))
        _until(lambda: {"stitch", "judge"} <= set(engine.last_error))
    finally:
        engine.stop()
    assert engine.last_error["stitch"] == "tenant bolt: no room on the disk"
    assert engine.last_error["judge"] == "tenant bolt: ValueError"
    assert engine.failures["stitch"] >= 1
    assert not reader.workflow_counts(BROKEN)


class _CorrelatorOvertaken(Correlator):
    """Begins no tick before all else has had a turn; what is arriving has arrived in the course of the last one."""

    def __init__(self, store: Store, clock: ManualClock, arriving: list[Event]) -> None:
        super().__init__(store, clock, rows_per_batch=1)
        self._tables = store
        self._arriving = arriving
        self._asked = 0
        self.is_overtaken = True

    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        asked = self._asked
        while self.is_overtaken and self._asked < asked + 2:
            time.sleep(0.01)
        report = super().tick(tenant, catalog)
        if self._arriving and not report.more:
            send(self._tables, [self._arriving.pop(0)], tenant=tenant)
        return report

    def is_arriving(self, _tenant: str) -> bool:
        """Asked at each turn of judging."""
        self._asked += 1
        return bool(self._arriving)


def test_promises_kept_by_what_waits_to_be_stitched_are_neither_judged_broken_nor_told_at_risk(store: Store) -> None:
    clock = ManualClock(RECEIVED)
    catalog = catalog_from_sources([("catalog.yaml", CATALOG)])
    catalogs = _applied(store, catalog)
    send(store, [Event("1", 0, "placed", {"order": "O1"})], tenant="acme")
    Correlator(store, clock).tick("acme", catalog)
    SlaEngine(store, clock).tick("acme", catalogs.history("acme"), START + timedelta(minutes=55))
    send(store, [Event("2", 1, "placed", {"order": "O2"})], tenant="acme")
    send(store, [Event("3", 2, "sent", {"order": "O1"})], tenant="acme")
    correlator = _CorrelatorOvertaken(store, clock, [Event("4", 3, "sent", {"order": "O2"})])
    alerting = Alerting(store, clock, "http://127.0.0.1:8050")
    engine = Engine(
        clock,
        catalogs,
        correlator=correlator,
        sla_engine=SlaEngine(store, clock),
        alerting=alerting,
        tick_seconds=0.1,
        is_arriving=correlator.is_arriving,
    )
    engine.start()
    reader = VerdictReader(store)
    try:
        _until(lambda: len(reader.appended_after("acme", 0)) >= 3)
    finally:
        correlator.is_overtaken = False
        engine.stop()
    verdicts = {(row.key, str(row.verdict)) for row in reader.appended_after("acme", 0)}
    assert verdicts == {("O1", "at_risk"), ("O1", "met"), ("O2", "met")}
    assert not store.rows("SELECT * FROM notifications")


def test_a_clock_that_was_set_back_is_told_once_while_nothing_is_judged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "throughline.engine")
    clock = ManualClock(RECEIVED)
    catalogs = _applied(store, catalog_from_sources([("catalog.yaml", CATALOG)]))
    sla_engine = SlaEngine(store, clock)
    sla_engine.tick("acme", catalogs.history("acme"), RECEIVED + timedelta(days=1))
    engine = Engine(clock, catalogs, correlator=None, sla_engine=sla_engine, alerting=None, tick_seconds=0.2)

    def failed(times: int) -> Callable[[], bool]:
        return lambda: engine.failures["judge"] >= times

    engine.start()
    try:
        for times in (1, 2, 3):
            _until(failed(times))
            clock.advance(timedelta(seconds=1))
        assert "this machine's clock is behind" in engine.last_error["judge"]
        clock.advance(timedelta(days=2))
        _until(lambda: "judge" not in engine.last_error)
    finally:
        engine.stop()
    said = [each.getMessage() for each in caplog.records if "the judge tick" in each.getMessage()]
    assert [line.partition(" UTC")[0] for line in said] == [
        "the judge tick failed and will be tried again: tenant acme: clocks were judged as of 2026-11-02 12:00:00",
        "the judge tick goes well again",
    ]


class _MovedClock(datetime):
    """What modules that go by the machine's clock read once it has been moved."""

    moved = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + cls.moved


@pytest.mark.parametrize("moved", [timedelta(hours=-6), timedelta(days=200)], ids=["set back", "has slept"])
def test_ticks_go_on_when_the_machines_clock_was_moved(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, moved: timedelta
) -> None:
    clock = ManualClock(RECEIVED)
    alerting = _WatchedAlerting(store, clock, "http://127.0.0.1:8050")
    catalogs = _applied(store, catalog_from_sources([("catalog.yaml", CATALOG)]))
    engine = Engine(clock, catalogs, correlator=None, sla_engine=None, alerting=alerting, tick_seconds=0.2)
    engine.start()
    try:
        _until(lambda: alerting.alerted == {"acme"})
        monkeypatch.setattr(_MovedClock, "moved", moved)
        for module in (apscheduler.schedulers.base, model.clock):
            monkeypatch.setattr(module, "datetime", _MovedClock)
        if moved < timedelta():
            _until(lambda: "set back by 21600 seconds" in caplog.text)
        for _ in range(2):
            alerting.alerted.clear()
            clock.advance(timedelta(seconds=1))
            _until(lambda: alerting.alerted == {"acme"})
    finally:
        engine.stop()


class _SqueezedCorrelator(Correlator):
    """Gets more memory at each attempt, and never enough."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        super().__init__(store, clock)
        self._tables = store
        self._bytes = 100_000

    def tick(self, tenant: str, catalog: Catalog) -> TickReport:
        self._bytes += 10_000
        self._tables.rows(
            f"SELECT * FROM numbers(1000000) ORDER BY rand() SETTINGS max_memory_usage = {self._bytes}, max_threads = 1"
        )
        return super().tick(tenant, catalog)


def test_an_error_that_differs_only_in_its_numbers_is_logged_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "throughline.engine")
    clock = ManualClock(RECEIVED)
    catalogs = _applied(store, catalog_from_sources([("catalog.yaml", CATALOG)]))
    correlator = _SqueezedCorrelator(store, clock)
    engine = Engine(clock, catalogs, correlator=correlator, sla_engine=None, alerting=None, tick_seconds=0.2)
    told: set[str] = set()
    engine.start()
    try:
        _until(lambda: bool(told.update(engine.last_error.values())) or len(told) >= 3)
    finally:
        engine.stop()
    said = [each.getMessage() for each in caplog.records if "the stitch tick" in each.getMessage()]
    assert len(said) == 1
    assert "MEMORY_LIMIT_EXCEEDED" in said[0]


class _LostToAnother(Holding):
    def check(self, role: str) -> None:
        if role == "sla_engine":
            raise LeaseLost(f"The role {role} over these tables is run by process 1 on another.")


def test_who_has_lost_the_role_of_judging_alerts_of_what_another_process_judges(store: Store, tmp_path: Path) -> None:
    clock = ManualClock(RECEIVED)
    catalogs = _applied(store, catalog_from_sources([("catalog.yaml", CATALOG)]))
    alerting = _WatchedAlerting(store, clock, "http://127.0.0.1:8050")
    engine = Engine(
        clock,
        catalogs,
        correlator=None,
        sla_engine=SlaEngine(store, clock),
        alerting=alerting,
        tick_seconds=0.2,
        holding=_LostToAnother(store, (), tmp_path),
    )
    engine.start()
    try:
        _until(lambda: "judge" in engine.last_error)
    finally:
        engine.stop()
    assert engine.last_error["judge"] == "The role sla_engine over these tables is run by process 1 on another."
    assert alerting.alerted == {"acme"}


def _applied(store: Store, catalog: Catalog) -> Catalogs:
    apply_catalog(store, catalog, tenant="acme", actor="ann", at=RECEIVED)
    catalogs = Catalogs(store)
    catalogs.refresh()
    return catalogs


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("live", "behind", "waits"),
    [
        ("one two free", "one two free", True),
        ("one two free", "one two", True),
        ("one two free", "one free", False),
        ("one free", "one", True),
        ("free", "free", False),
        ("one two free", "", False),
    ],
    ids=["all", "all that promise", "one only", "the other is rebuilt", "what promises is rebuilt", "none"],
)
def test_a_tenant_waits_while_all_do_that_promise_and_are_not_rebuilt(live: str, behind: str, waits: bool) -> None:
    sla = {"id": "s", "from": "a", "to": "b", "within": "1h"}
    milestones = [{"id": each, "match": {"event": each}} for each in "ab"]
    flow = {"keys": {"order": {"attributes": ["order.id"]}}, "root": "order", "milestones": milestones}
    flows = [
        {"workflow": name, **flow, **({} if name == "free" else {"slas": [{**sla, "id": f"s_{name}"}]})}
        for name in ("one", "two", "free")
    ]
    catalog = catalog_from_sources([(f"{each['workflow']}.yaml", json.dumps(each)) for each in flows])
    report = TickReport(0, 0, 0, live=frozenset(live.split()), behind=frozenset(behind.split()))
    assert all_wait(report, catalog) is waits
