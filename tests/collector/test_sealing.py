"""With a key, what waits for ClickHouse and what it refused is unreadable on disk, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from collector import Collector, Signal, new_segment_id
from collector.requests import accept
from model import SystemClock, Unavailable
from store import Store
from tests.collector.payloads import poison, spans
from tests.collector.running import RunningCollector, wait_for

pytest.importorskip("cryptography")

_PROTOBUF = {"content-type": "application/x-protobuf"}
_SECRET = b"a secret of this test"


def _send(running: RunningCollector, *bodies: bytes) -> None:
    for body in bodies:
        answer = httpx.post(f"{running.http}/v1/traces", content=body, headers=_PROTOBUF)
        assert answer.status_code == 200


def _on_disk(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for name in ("spool", "quarantine") for each in (folder / name).glob("*.*"))


def _failing(collector: Collector) -> Callable[[], bool]:
    assert collector.writer is not None
    writer = collector.writer
    return lambda: writer.last_error is not None


def test_the_spool_is_sealed_and_its_rows_arrive_once(store: Store, tmp_path: Path) -> None:
    with RunningCollector(None, tmp_path, spool_secret=_SECRET) as running:
        _send(running, spans(3).SerializeToString(), spans(2, first=3).SerializeToString())
        assert running.collector.spool.depth_bytes > 0
    assert b"SO-" not in _on_disk(tmp_path)
    with RunningCollector(store, tmp_path, spool_secret=_SECRET) as running:
        assert {row["SpanAttributes"]["order.id"] for row in running.rows("otel_traces", 5)} == {
            f"SO-{number}" for number in range(5)
        }
    assert store.value("SELECT sum(rows) FROM segments FINAL") == 5


def test_refused_requests_are_sealed_and_can_be_retried(store: Store, tmp_path: Path) -> None:
    with RunningCollector(store, tmp_path, spool_secret=_SECRET) as running:
        marked = poison() + spans(1).SerializeToString()
        _send(running, marked, spans(2, first=1).SerializeToString())
        wait_for(lambda: running.collector.quarantine.count() == 1 and running.collector.spool.depth_bytes == 0)
        assert b"SO-0" not in _on_disk(tmp_path)
        (entry,) = running.collector.list_quarantine()
        assert entry.sealed
        running.rows("otel_traces", 2)
        running.collector.retry_quarantined(entry.id)
        wait_for(lambda: [each.id for each in running.collector.list_quarantine()] not in ([entry.id], []))


@pytest.mark.parametrize("secret", [None, b"another secret of the test"])
def test_without_the_key_it_waits_and_says_so(store: Store, tmp_path: Path, secret: bytes | None) -> None:
    with RunningCollector(None, tmp_path, spool_secret=_SECRET) as running:
        _send(running, spans(1).SerializeToString())
    with RunningCollector(store, tmp_path, spool_secret=secret) as running:
        wait_for(_failing(running.collector))
        assert running.collector.writer is not None
        assert "--spool-key-file" in str(running.collector.writer.last_error)
    with RunningCollector(store, tmp_path, spool_secret=_SECRET) as running:
        running.rows("otel_traces", 1)


def test_what_waits_for_the_key_keeps_nothing_else_waiting(store: Store, tmp_path: Path) -> None:
    with RunningCollector(None, tmp_path, spool_secret=_SECRET) as running:
        spool = running.collector.spool
        for number in range(3):
            accepted = accept(Signal.TRACES, spans(1, first=number).SerializeToString())
            spool.adopt(new_segment_id(SystemClock().now()), "default", accepted)
    with RunningCollector(store, tmp_path) as running:
        wait_for(_failing(running.collector))
        for number in range(10, 13):
            _send(running, spans(1, first=number).SerializeToString())
        wait_for(lambda: store.value("SELECT count() FROM otel_traces") == 3)
        assert running.collector.writer is not None
        (waiting,) = running.collector.writer.waiting
        assert waiting.startswith("3 segments: Data on disk is encrypted: name the file with its key")
    with RunningCollector(store, tmp_path, spool_secret=_SECRET) as running:
        running.rows("otel_traces", 6)


def test_a_key_given_later_seals_what_comes_and_reads_what_was(store: Store, tmp_path: Path) -> None:
    with RunningCollector(None, tmp_path) as running:
        _send(running, spans(1).SerializeToString())
    with RunningCollector(store, tmp_path, spool_secret=_SECRET) as running:
        _send(running, spans(1, first=1).SerializeToString())
        running.rows("otel_traces", 2)


def test_a_request_moved_to_another_tenant_is_not_opened(tmp_path: Path) -> None:
    from collector.sealing import Sealer

    sealer = Sealer(_SECRET)
    sealed = sealer.seal(b"body", "a", Signal.TRACES)
    assert sealer.open(sealed, "a", Signal.TRACES) == b"body"
    with pytest.raises(Unavailable):
        sealer.open(sealed, "b", Signal.TRACES)
