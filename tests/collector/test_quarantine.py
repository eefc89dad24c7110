"""A refused request that is retried is stored once, wherever a crash comes; what is kept survives one too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector import (
    Quarantine,
    Quarantined,
    QuarantineLimits,
    Signal,
    Spool,
    SpoolLimits,
    Writer,
    WriterLimits,
    new_segment_id,
    opened_at,
    record,
)
from collector.counters import Counters
from collector.open_segment import segment_path
from collector.requests import Accepted, accept
from model import NotFound, SpoolFull, SystemClock
from store import Store
from tests.collector.payloads import poison, spans
from tests.collector.running import RunningCollector, wait_for

_AT = datetime(2026, 11, 21, tzinfo=UTC)
_ACCEPTED = accept(Signal.TRACES, spans(3).SerializeToString())

_DYING = """
import os, signal, sys
from pathlib import Path
from collector import Collector

collector = Collector(None, Path(sys.argv[1]), grpc_port=0, http_port=0)
when, room, name = sys.argv[2].split()
owner = getattr(collector, room)
method = getattr(owner, name)

def dying(*arguments):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    method(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, dying)
(entry,) = collector.list_quarantine()
collector.retry_quarantined(entry.id)
"""


def _kept(folder: Path) -> Quarantined:
    """A request in quarantine that ClickHouse would take by now."""
    entry = Quarantine(folder / "quarantine").put(
        _ACCEPTED, tenant="default", segment_id="000660cea2c83522-68f598c0", reason="r", received_at=_AT, at=_AT
    )
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    "point", ["before spool adopt", "after spool adopt", "before quarantine _remove", "after quarantine _remove"]
)
def test_a_crash_within_a_retry_does_not_double_the_request(store: Store, tmp_path: Path, point: str) -> None:
    _kept(tmp_path)
    command = [sys.executable, "-c", _DYING, str(tmp_path), point]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    died = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    with RunningCollector(store, tmp_path) as running:
        collector = running.collector
        left = collector.list_quarantine()
        assert bool(left) == (point == "before spool adopt")
        for entry in left:
            collector.retry_quarantined(entry.id)
        running.rows("otel_traces", 3)
        wait_for(lambda: collector.spool.depth_bytes == 0)
        assert collector.quarantine.count() == 0
    assert store.value("SELECT sum(rows) FROM segments FINAL") == 3
    assert store.value("SELECT count() FROM otel_traces") == 3


def test_a_retry_that_is_repeated_after_its_rows_are_in_stores_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = _kept(tmp_path)
    with RunningCollector(store, tmp_path) as running:
        in_the_way = tmp_path / "quarantine" / f"{entry.id}.new"
        in_the_way.mkdir()
        with pytest.raises(SpoolFull, match="quarantine cannot be written"):
            running.collector.retry_quarantined(entry.id)
        in_the_way.rmdir()
        unlink = Path.unlink

        def failing(path: Path, missing_ok: bool = False) -> None:
            if path.parent.name == "quarantine":
                raise OSError(5, "the disk is broken")
            unlink(path, missing_ok=missing_ok)

        with monkeypatch.context() as broken:
            broken.setattr(Path, "unlink", failing)
            with pytest.raises(OSError, match="broken"):
                running.collector.retry_quarantined(entry.id)
            running.rows("otel_traces", 3)
        assert running.collector.quarantine.count() == 1
        running.collector.retry_quarantined(entry.id)
        wait_for(lambda: running.collector.spool.depth_bytes == 0)
        assert running.collector.quarantine.count() == 0
    assert store.value("SELECT count() FROM otel_traces") == 3
    assert store.value("SELECT sum(rows) FROM segments FINAL") == 3


def test_equal_requests_of_a_segment_are_all_kept_and_each_once(store: Store, tmp_path: Path) -> None:
    """Also where they were received in the same microsecond, and where a crash comes before they are out of it."""
    body = poison()
    request = record.header(body, 1, 1) + body
    later = record.header(body, 2, 1) + body
    whole = record.opening("default", Signal.TRACES) + 2 * request + later
    segment_id = new_segment_id(SystemClock().now())
    (tmp_path / "spool").mkdir()
    path = segment_path(tmp_path / "spool", segment_id)
    path.write_bytes(whole)
    for _ in range(2):
        spool = Spool(tmp_path / "spool")
        quarantine = Quarantine(tmp_path / "quarantine")
        writer = Writer(
            store,
            spool,
            quarantine,
            clock=SystemClock(),
            counters=Counters(),
            limits=WriterLimits(bisect_seconds=0),  # one at a time goes out
        )
        while (segment := spool.take(0)) is not None:
            writer.move(segment)
        assert len({each.id for each in quarantine.entries()}) == quarantine.count() == 3
        spool.release()
        path.write_bytes(whole)
    spool = Spool(tmp_path / "spool")
    for entry in quarantine.entries():
        quarantine.retry(entry.id, spool, SystemClock().now())
    assert (quarantine.count(), spool.closed_segments) == (0, 4)
    spool.release()


def test_what_a_crash_left_half_kept_is_tidied_up(tmp_path: Path) -> None:
    entry = _kept(tmp_path)
    folder = tmp_path / "quarantine"
    (folder / "000660cea2c83522-68f598c0-00000000.otlp").write_bytes(b"half put")
    (folder / "000660cea2c83522-68f598c0-00000000.new").write_bytes(b"{")
    with RunningCollector(None, tmp_path) as running:
        assert [each.id for each in running.collector.list_quarantine()] == [entry.id]
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".otlp"]


def test_files_deleted_by_hand_make_room(tmp_path: Path) -> None:
    entry = _kept(tmp_path)
    quarantine = Quarantine(tmp_path / "quarantine")
    assert (quarantine.count(), quarantine.room("default")) == (1, quarantine.limits.of_tenant - 1)
    for path in (tmp_path / "quarantine").glob(f"{entry.id}.*"):
        path.unlink()
    quarantine.recount()
    assert (quarantine.count(), quarantine.room("default")) == (0, quarantine.limits.of_tenant)


def test_no_more_is_kept_than_there_is_room_for_however_many_threads_put(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path, limits=QuarantineLimits(requests=20, of_tenant=3))

    def put(number: int) -> Quarantined | None:
        accepted = accept(Signal.TRACES, spans(1, first=number).SerializeToString())
        return quarantine.put(accepted, tenant="noisy", segment_id="s", reason="r", received_at=_AT, at=_AT)

    with ThreadPoolExecutor(8) as pool:
        kept = [each for each in pool.map(put, range(40)) if each is not None]
    assert len(kept) == quarantine.count() == len(quarantine.entries("noisy")) == 3
    assert quarantine.put(_ACCEPTED, tenant="other", segment_id="s", reason="r", received_at=_AT, at=_AT)


def test_a_retry_the_spool_has_no_room_for_leaves_the_request_as_it_was(tmp_path: Path) -> None:
    entry = _kept(tmp_path)
    quarantine = Quarantine(tmp_path / "quarantine")
    full, roomy = SpoolLimits(total_bytes=10), SpoolLimits()
    for limits, at in ((full, _AT), (roomy, _AT + timedelta(days=20))):
        spool = Spool(tmp_path / "spool", limits=limits)
        with pytest.raises(SpoolFull) if limits is full else nullcontext():
            quarantine.retry(entry.id, spool, at)
        assert quarantine.entries() == ([entry] if limits is full else [])
        spool.release()
    (segment,) = spool.closed()
    assert opened_at(segment.id) == _AT + timedelta(days=20)


def test_a_request_that_is_being_retried_is_not_discarded_as_well(tmp_path: Path) -> None:
    entry = _kept(tmp_path)
    quarantine = Quarantine(tmp_path / "quarantine")
    with ThreadPoolExecutor(1) as pool:

        class Busy(Spool):
            def adopt(self, segment_id: str, tenant: str, accepted: Accepted) -> None:
                self.discarding = pool.submit(quarantine.discard, entry.id)
                wait([self.discarding], timeout=0.2)
                super().adopt(segment_id, tenant, accepted)

        spool = Busy(tmp_path / "spool")
        quarantine.retry(entry.id, spool, _AT)
        with pytest.raises(NotFound):
            spool.discarding.result(10)
    assert (quarantine.count(), spool.closed_segments) == (0, 1)
    spool.release()


@pytest.mark.parametrize(("left", "says"), [(None, "are gone"), (-3, "are damaged")])
@pytest.mark.parametrize("secret", [None, b"a secret of this test"])
def test_a_request_whose_bytes_are_gone_or_damaged_can_only_be_discarded(
    tmp_path: Path, left: int | None, says: str, secret: bytes | None
) -> None:
    if secret:
        pytest.importorskip("cryptography")
    with RunningCollector(None, tmp_path, spool_secret=secret) as running:
        collector = running.collector
        entry = collector.quarantine.put(
            _ACCEPTED, tenant="default", segment_id="000660cea2c83522-68f598c0", reason="r", received_at=_AT, at=_AT
        )
        assert entry is not None
        file = tmp_path / "quarantine" / f"{entry.id}.otlp"
        if left is None:
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:left])
        with pytest.raises(NotFound, match=f"cannot be sent again: its bytes, {file.name}, {says}"):
            collector.retry_quarantined(entry.id)
        assert collector.list_quarantine() == [entry]
        collector.discard_quarantined(entry.id)
        assert collector.quarantine.count() == 0


def _about(entry: Quarantined, **other: Any) -> bytes:
    return json.dumps(asdict(replace(entry, **other))).encode()


_DAMAGES: dict[str, Callable[[Quarantined], bytes]] = {
    "empty": lambda _: b"",
    "zeros": lambda _: b"\x00" * 200,
    "other": lambda _: b"[]",
    "incomplete": lambda _: b'{"id": 1}',
    "time": lambda entry: _about(entry, at=entry.at.replace("-", "m", 1)),
    "signal": lambda entry: _about(entry, signal="tracus"),
    "id": lambda entry: _about(entry, id=entry.id + "x"),
}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_a_request_whose_description_is_damaged_holds_nobody_up(tmp_path: Path, damage: str) -> None:
    entry = _kept(tmp_path)
    folder = tmp_path / "quarantine"
    (folder / f"{entry.id}.json").write_bytes(_DAMAGES[damage](entry))
    (folder / "notes.json").write_bytes(b"not of ours")
    with RunningCollector(None, tmp_path) as running:
        (listed,) = running.collector.list_quarantine()
        assert (listed.id, listed.tenant, listed.signal) == (entry.id, "", "unknown")
        assert listed.bytes == len(_ACCEPTED.body)
        assert f"{entry.id}.json" in listed.reason
        assert running.collector.list_quarantine("default") == []
        with pytest.raises(NotFound, match="cannot be sent again"):
            running.collector.retry_quarantined(entry.id)
        assert (folder / f"{entry.id}.otlp").read_bytes() == _ACCEPTED.body
        assert running.collector.quarantine.expire(SystemClock().now() - timedelta(days=99)) == []
        running.collector.discard_quarantined(entry.id)
    assert [path.name for path in folder.iterdir()] == ["notes.json"]
