"""Rows of a stock exporter become segments of ours, once, where that is allowed."""

from __future__ import annotations

from datetime import timedelta

from collector import Signal, committed_segments, logs_of_segments, spans_of_segments
from collector.foreign import ForeignRows
from model import ManualClock, SystemClock
from store import Store
from tests.collector.running import wait_for

_INSERT = "INSERT INTO {table} (Timestamp, ServiceName, ReceivedAt) SELECT now64(9), 'old', {{at:DateTime64(6, 'UTC')}}"


def _write(store: Store, table: str, age: timedelta, rows: int) -> None:
    at = {"at": SystemClock().now() - age}
    store.execute(f"{_INSERT.format(table=table)} FROM numbers({rows})", at)


def test_rows_without_a_segment_get_one_and_are_read_by_it(store: Store) -> None:
    clock = ManualClock(SystemClock().now())
    sweep = ForeignRows(store, clock).sweep
    assert sweep() == 0
    _write(store, "otel_traces", timedelta(seconds=60), 3)
    _write(store, "otel_traces", timedelta(seconds=30), 2)
    _write(store, "otel_traces", timedelta(days=1), 4)
    _write(store, "otel_logs", timedelta(seconds=30), 5)
    _write(store, "otel_traces", timedelta(0), 1)
    found = sweep()
    assert found == 14
    segments = store.rows(committed_segments())
    assert sum(row["rows"] for row in segments) == 14
    ids = [row["segment_id"] for row in segments]
    assert len(store.rows(spans_of_segments("default", ids))) == 9
    assert len(store.rows(logs_of_segments("default", ids))) == 5
    for row in segments:
        read = spans_of_segments if row["signal"] == "traces" else logs_of_segments
        assert len(store.rows(read("default", [row["segment_id"]]))) == row["rows"]
    assert sweep() == 0
    clock.advance(timedelta(seconds=30))
    assert sweep() == 1


def test_a_sweep_that_ended_between_its_two_steps_is_finished_by_the_next(store: Store) -> None:
    foreign = ForeignRows(store, SystemClock())
    _write(store, "otel_logs", timedelta(seconds=30), 5)
    foreign._adopt(Signal.LOGS, SystemClock().now())
    assert store.rows(committed_segments()) == []
    assert foreign.sweep() == 5
    assert len(store.rows(committed_segments())) == 1


def test_what_was_written_while_the_platform_was_down_is_taken_in_however_long_that_was(store: Store) -> None:
    clock = ManualClock(SystemClock().now())
    _write(store, "otel_logs", timedelta(days=20), 2)
    _write(store, "otel_traces", timedelta(days=3), 3)
    foreign = ForeignRows(store, clock)
    assert foreign.sweep() == 5
    clock.advance(timedelta(days=3))
    assert foreign.sweep() == 0


def test_a_sweep_goes_on_whatever_went_wrong_in_the_one_before(store: Store) -> None:
    told: list[None] = []

    def tell() -> None:
        told.append(None)
        if len(told) == 1:
            raise ValueError("nobody foresaw this")

    foreign = ForeignRows(store, SystemClock(), tell, seconds=0.01)
    foreign.start()
    _write(store, "otel_logs", timedelta(seconds=30), 1)
    wait_for(lambda: len(told) == 1)
    _write(store, "otel_logs", timedelta(seconds=30), 1)
    wait_for(lambda: len(told) == 2)
    foreign.stop()
    assert foreign.last_error is None
