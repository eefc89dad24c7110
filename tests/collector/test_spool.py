"""The spool: on disk before it is acknowledged, bounded, private, and readable after any crash."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector import Spool, SpoolLimits, record
from collector.requests import Accepted, accept
from collector.sealing import Sealer
from collector.segment import Signal, new_segment_id
from model import ManualClock, Refused, SpoolFull, StoreInUse, SystemClock
from tests.collector.payloads import logs, spans
from tests.collector.running import wait_for

_TRACES = accept(Signal.TRACES, spans(3).SerializeToString())
_LOGS = accept(Signal.LOGS, logs(2).SerializeToString())


def _append(spool: Spool, accepted: Accepted = _TRACES, tenant: str = "default") -> None:
    spool.append(tenant, accepted).result(10)


def _fill(spool: Spool, tenants: tuple[str, ...]) -> None:
    for number in range(100):
        _append(spool, tenant=tenants[number % len(tenants)])


def _closed(spool: Spool) -> list[tuple[str, str, int]]:
    """(tenant, signal, items) of each closed segment, from its bytes."""
    found = []
    for segment in spool.closed():
        contents = record.read(segment.path.read_bytes())
        assert contents is not None
        found.append((contents.tenant, contents.signal.value, contents.items))
    return found


def test_what_is_acknowledged_is_in_a_private_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=3600))
    spool.start()
    _append(spool)
    (path,) = (tmp_path / "spool").glob("*.otlp")
    assert _TRACES.body in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    spool.stop()
    spool.release()


def test_a_segment_holds_one_tenant_and_one_signal(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    for tenant in ("acme", "Übermut/../x"):
        for accepted in (_TRACES, _LOGS):
            _append(spool, accepted, tenant)
            _append(spool, accepted, tenant)
    spool.stop()
    assert sorted(_closed(spool)) == [
        ("acme", "logs", 4),
        ("acme", "traces", 6),
        ("Übermut/../x", "logs", 4),
        ("Übermut/../x", "traces", 6),
    ]
    spool.release()


def test_a_segment_closes_when_it_is_old(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    began = time.monotonic()
    _append(spool)
    segment = spool.take(5)
    assert segment is not None
    assert 0.15 < time.monotonic() - began < 3
    spool.finished(segment)
    assert (spool.depth_bytes, list(tmp_path.glob("*.otlp"))) == (0, [])
    spool.stop()
    spool.release()


def test_a_segment_grows_while_others_are_not_yet_in(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    waiting = []
    for _ in range(5):
        began = time.monotonic()
        _append(spool)
        segment = spool.take(30)
        assert segment is not None
        waiting.append(segment)
    assert time.monotonic() - began > 0.5
    for each in waiting:
        spool.finished(each)
    spool.stop()
    spool.release()


def test_segments_that_nobody_takes_make_others_no_slower(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    for _ in range(30):
        spool.adopt(new_segment_id(SystemClock().now()), "held", _TRACES)
    assert spool.take(0.01, {"held"}) is None
    began = time.monotonic()
    _append(spool)
    segment = spool.take(30, {"held"})
    assert segment is not None
    assert segment.tenant == "default"
    assert time.monotonic() - began < 4.5
    spool.stop()
    spool.release()


def test_a_segment_closes_when_it_is_large(tmp_path: Path) -> None:
    size = len(_TRACES.body)
    spool = Spool(tmp_path, limits=SpoolLimits(segment_seconds=3600, segment_bytes=3 * size))
    spool.start()
    for _ in range(7):
        _append(spool)
    wait_for(lambda: spool.closed_segments >= 2)
    assert all(segment.size <= 3 * size + 200 for segment in spool.closed())
    spool.stop()
    assert sum(items for _, _, items in _closed(spool)) == 21
    spool.release()


def test_a_segment_never_spans_two_days(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, 23, 59, 59, 990000, tzinfo=UTC))
    spool = Spool(tmp_path, clock=clock, limits=SpoolLimits(segment_seconds=3600))
    spool.start()
    _append(spool)
    clock.advance(timedelta(seconds=1))
    _append(spool)
    spool.stop()
    assert [items for _, _, items in _closed(spool)] == [3, 3]
    spool.release()


def test_many_senders_at_once_are_all_acknowledged_and_all_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    threads = [threading.Thread(target=lambda: [_append(spool) for _ in range(20)]) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.stop()
    assert sum(items for _, _, items in _closed(spool)) == 16 * 20 * 3
    spool.release()


@pytest.mark.parametrize("cut", [1, 10, len(_TRACES.body), len(_TRACES.body) + 5, len(_TRACES.body) + 23])
def test_a_torn_last_record_is_cut_off_and_the_rest_is_kept(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, limits=SpoolLimits(segment_seconds=3600))
    spool.start()
    _append(spool)
    _append(spool)
    spool.stop()
    spool.release()
    (path,) = tmp_path.glob("*.otlp")
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    again = Spool(tmp_path)
    assert _closed(again) == [("default", "traces", 3)]
    assert again.recovered_torn_bytes > 0
    assert path.stat().st_size == again.depth_bytes < len(whole)
    again.release()


def test_a_last_record_that_parses_but_is_not_whole_is_cut_off(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=SpoolLimits(segment_seconds=3600))
    spool.start()
    _append(spool)
    _append(spool)
    spool.stop()
    spool.release()
    (path,) = tmp_path.glob("*.otlp")
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(data)
    again = Spool(tmp_path)
    assert _closed(again) == [("default", "traces", 3)]
    again.release()


def test_a_file_with_nothing_whole_in_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "000660cea2c83522-68f598c0.otlp").write_bytes(b"\x8a\xe2")
    (tmp_path / "000660cea2c83523-68f598c0.otlp").write_bytes(record.opening("default", Signal.LOGS))
    spool = Spool(tmp_path)
    assert (spool.closed_segments, spool.depth_bytes, list(tmp_path.glob("*.otlp"))) == (0, 0, [])
    spool.release()


def test_segments_come_back_in_the_order_of_their_time(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    for _ in range(3):
        spool = Spool(tmp_path, clock=clock)
        spool.start()
        _append(spool)
        spool.stop()
        spool.release()
        clock.advance(timedelta(minutes=1))
    again = Spool(tmp_path, clock=clock)
    ids = [segment.id for segment in again.closed()]
    assert ids == sorted(ids)
    assert len(ids) == 3
    assert again.age_seconds == 180
    assert again.is_behind("default")
    again.take(0, {"default"})
    assert not again.is_behind("default"), "what nobody takes at present is not waited for"
    again.release()


def test_a_full_spool_refuses_as_retryable_until_there_is_room(tmp_path: Path) -> None:
    limit = 3 * len(_TRACES.body) + 300
    spool = Spool(tmp_path, limits=SpoolLimits(total_bytes=limit, segment_seconds=0.01))
    spool.start()
    for _ in range(3):
        _append(spool)
    with pytest.raises(SpoolFull) as caught:
        _append(spool)
    assert caught.value.retryable
    segment = spool.take(5)
    assert segment is not None
    spool.finished(segment)
    _append(spool)
    spool.stop()
    spool.release()


def test_what_nobody_takes_fills_half_a_spool_and_others_go_on(tmp_path: Path) -> None:
    limit = 12 * (len(_TRACES.body) + 100)
    spool = Spool(tmp_path, limits=SpoolLimits(total_bytes=limit))
    spool.start()
    held = ("held", "held too")
    spool.take(0, held)
    with pytest.raises(SpoolFull, match="cannot be stored"):
        _fill(spool, held)
    assert limit * 0.4 < spool.depth_bytes <= limit / 2
    for _ in range(5):
        _append(spool)
    spool.take(0, ())  # they are held no more
    _append(spool, tenant="held")
    spool.stop()
    spool.release()

    again = Spool(tmp_path, limits=SpoolLimits(total_bytes=limit))
    again.start()
    again.take(0, held)
    with pytest.raises(SpoolFull, match="cannot be stored"):
        _append(again, tenant="held")
    _append(again)
    again.stop()
    again.release()


def test_a_disk_that_cannot_be_written_refuses_as_retryable_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool", limits=SpoolLimits(segment_seconds=0.01))
    spool.start()
    _append(spool)
    wait_for(lambda: spool.closed_segments == 1)
    moved = tmp_path / "moved"
    (tmp_path / "spool").rename(moved)
    for _ in range(3):
        with pytest.raises(SpoolFull):
            _append(spool)
    assert caplog.text.count("cannot be written") == 1, "the log may lie on the same disk"
    assert not spool.ready()
    moved.rename(tmp_path / "spool")
    _append(spool)
    assert spool.ready()
    spool.stop()
    assert sum(items for _, _, items in _closed(spool)) == 6
    spool.release()


def test_a_file_whose_closing_fails_loses_nothing_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def failing(file: int) -> None:
        is_segment = Path(f"/proc/self/fd/{file}").readlink().suffix == ".otlp"
        close(file)
        if is_segment and threading.current_thread().name == "spool":
            raise OSError(errno.EIO, "as a network's disk says it")

    monkeypatch.setattr(os, "close", failing)
    spool = Spool(tmp_path, limits=SpoolLimits(segment_seconds=0.01))
    spool.start()
    _append(spool)
    wait_for(lambda: spool.closed_segments == 1)
    _append(spool)
    spool.stop()
    assert sum(items for _, _, items in _closed(spool)) == 6
    spool.release()


def test_what_nobody_foresaw_refuses_as_retryable_and_the_next_requests_are_taken(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=SpoolLimits(segment_seconds=3600), sealer=Sealer(b"secret"))
    spool.start()
    _append(spool)
    with pytest.raises(SpoolFull):
        _append(spool, tenant="a tenant whose name is no Unicode \ud800")
    _append(spool)
    assert spool.ready()
    spool.stop()
    found = [record.read(each.path.read_bytes()) for each in spool.closed() if each.size]
    assert [each.items for each in found if each is not None] == [3, 3]
    assert spool.depth_bytes == sum(each.path.stat().st_size for each in spool.closed())
    spool.release()


def test_a_stopping_spool_takes_nothing_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.start()
    spool.stop()
    with pytest.raises(SpoolFull):
        _append(spool)
    spool.release()


def test_one_process_owns_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(StoreInUse):
        Spool(tmp_path)
    spool.release()
    Spool(tmp_path).release()


def test_a_foreign_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.otlp").write_bytes(b"hello")
    with pytest.raises(Refused, match=r"notes\.otlp"):
        Spool(tmp_path)


_SMALL_DISK = """
import resource, sys
from pathlib import Path
from collector import Spool, SpoolLimits, record
from collector.requests import accept
from collector.sealing import Sealer
from collector.segment import Signal, new_segment_id
from model import SpoolFull
from tests.collector.payloads import spans

body = accept(Signal.TRACES, spans(3).SerializeToString())
spool = Spool(Path(sys.argv[1]), limits=SpoolLimits(segment_seconds=3600))
spool.start()
spool.append("default", body).result(10)
# The second request is written in part, as on a disk that fills up within it.
resource.setrlimit(resource.RLIMIT_FSIZE, (len(body.body) * 3 // 2, resource.RLIM_INFINITY))
try:
    spool.append("default", body).result(10)
except SpoolFull as error:
    print("refused", error.retryable)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.append("default", body).result(10)
print("accepted", spool.ready())
spool.stop()
print(sum(record.read(each.path.read_bytes()).items for each in spool.closed()), len(spool.closed()))
print(all(record.read(each.path.read_bytes()).torn == 0 for each in spool.closed()))
"""


def test_a_disk_that_fills_up_within_a_request_refuses_it_and_keeps_the_others(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SMALL_DISK, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["refused True", "accepted True", "6 2", "True"]
