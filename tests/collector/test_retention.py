"""Received data is kept as long as was said, in the tables and before them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector import Quarantine, Spool, SpoolLimits, Writer, WriterLimits, apply_retention
from collector.counters import Counters
from collector.requests import accept
from collector.segment import Signal
from model import ManualClock
from store import Store
from tests.collector.payloads import spans


def _ttl(store: Store, table: str) -> str:
    engine = store.value(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {t:String}", {"t": table}
    )
    return str(engine).partition(" TTL ")[2].partition(" SETTINGS ")[0]


def test_rows_expire_by_when_they_were_received(store: Store) -> None:
    tables = ("otel_traces", "otel_traces_trace_id_ts", "otel_logs", "import_rejects")
    assert apply_retention(store, 30) == tables
    assert apply_retention(store, 30) == ()
    assert _ttl(store, "otel_logs") == "toDateTime(ReceivedAt) + toIntervalDay(30)"
    now = datetime.now(UTC)
    for days, name in [(40, "old"), (20, "young")]:
        received = {"at": now - timedelta(days=days), "name": name}
        store.execute(
            "INSERT INTO otel_logs (Timestamp, EventName, ReceivedAt) "
            "SELECT '1999-01-01 00:00:00', {name:String}, {at:DateTime64(6, 'UTC')}",
            received,
        )
    store.execute("OPTIMIZE TABLE otel_logs FINAL")
    assert [row["EventName"] for row in store.rows("SELECT EventName FROM otel_logs")] == ["young"]
    assert apply_retention(store, 0) == tables
    assert _ttl(store, "otel_logs") == ""


def test_a_segment_that_waited_longer_than_its_rows_are_kept_is_dropped_and_counted(
    store: Store, tmp_path: Path
) -> None:
    clock = ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=3600), clock=clock)
    counters = Counters()
    writer = Writer(
        store,
        spool,
        Quarantine(tmp_path / "quarantine"),
        clock=clock,
        counters=counters,
        limits=WriterLimits(received_days=30),
    )
    spool.start()
    spool.append("default", accept(Signal.TRACES, spans(1).SerializeToString())).result(10)
    spool.stop()
    segment = spool.take(0)
    assert segment is not None
    clock.set(datetime(2027, 1, 31, 0, 0, 1, tzinfo=UTC))
    writer.move(segment)
    assert not segment.path.exists()
    assert store.value("SELECT count() FROM otel_traces") == 0
    assert counters.value("expired_segments") == 1
    spool.release()


def test_a_refused_request_is_discarded_when_it_was_kept_long_enough(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    at = datetime(2027, 1, 1, tzinfo=UTC)
    for days, number in [(0, 1), (2, 2)]:
        accepted = accept(Signal.TRACES, spans(number).SerializeToString())
        when = at + timedelta(days=days)
        quarantine.put(accepted, tenant="t", segment_id="s", reason="r", received_at=when, at=when)
    assert [each.items for each in quarantine.expire(at + timedelta(days=1))] == [1]
    assert [each.items for each in quarantine.entries()] == [2]
