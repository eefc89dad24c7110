"""A file of the spool with damage in it: what can be read goes on, what cannot is kept and told, nothing is doubled."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector import Spool, SpoolLimits, Writer, opened_at, record
from collector.counters import Counters
from collector.quarantine import Quarantine
from collector.requests import accept
from collector.sealing import Sealer
from collector.segment import ClosedSegment, Signal
from model import ManualClock
from store import Store
from tests.collector.payloads import spans
from tests.collector.running import RunningCollector

_BODIES = [accept(Signal.TRACES, spans(size, service=f"s{size}").SerializeToString()) for size in (1, 2, 3, 4)]
_OPENING = record.opening("default", Signal.TRACES)
_HEAD = len(record.header(b"", 0, 0))
_STARTS = [len(_OPENING) + sum(_HEAD + len(each.body) for each in _BODIES[:n]) for n in range(4)]


def _written(folder: Path, sealer: Sealer | None = None) -> Path:
    """The file of a segment of four requests, of one to four spans."""
    spool = Spool(folder, limits=SpoolLimits(segment_seconds=3600), sealer=sealer)
    spool.start()
    for body in _BODIES:
        spool.append("default", body).result(10)
    spool.stop()
    spool.release()
    (path,) = folder.glob("*.otlp")
    return path


def _flip(path: Path, *places: int) -> bytes:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 0x11
    path.write_bytes(data)
    return bytes(data)


def _sizes(segment: ClosedSegment) -> list[int]:
    contents = record.read(segment.path.read_bytes())
    assert contents is not None
    assert (contents.torn, contents.damaged) == (0, 0)
    return [each.items for each in contents.records]


@pytest.mark.parametrize(
    ("places", "left"),
    [
        ([_STARTS[0] + _HEAD + 3], [2, 3, 4]),
        ([_STARTS[1] + _HEAD + 3], [1, 3, 4]),
        ([_STARTS[1] - 1, _STARTS[1] + _HEAD], [3, 4]),
        ([_STARTS[0] + _HEAD, _STARTS[2] + _HEAD], [2, 4]),
        ([_STARTS[1]], [1, 3, 4]),  # the mark of a header
        ([_STARTS[1] + 4], [1, 3, 4]),  # a length
        ([_STARTS[1] + 7], [1, 3, 4]),  # a length, which leads far beyond the end
        ([_STARTS[1] + 8], [1, 3, 4]),  # a checksum
        ([_STARTS[3] + _HEAD + 3], [1, 2, 3]),  # the last one, whole in length
        ([_STARTS[3]], [1, 2, 3]),
    ],
)
def test_what_can_be_read_goes_on_and_the_whole_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, places: list[int], left: list[int]
) -> None:
    path = _written(tmp_path)
    damaged = _flip(path, *places)
    with caplog.at_level(logging.ERROR):
        spool = Spool(tmp_path)
    (segment,) = spool.closed()
    assert _sizes(segment) == left
    assert segment.size == spool.depth_bytes == path.stat().st_size
    kept = path.with_suffix(".damaged")
    assert kept.read_bytes() == damaged
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert f"of the segment {path.stem} of tenant default cannot be read: {len(left)} requests" in caplog.text
    assert spool.damaged_files == 1
    spool.release()
    again = Spool(tmp_path)
    assert [_sizes(each) for each in again.closed()] == [left]
    assert kept.read_bytes() == damaged
    again.release()


@pytest.mark.parametrize("place", [0, 3, 5, 20, 40])
def test_a_file_whose_beginning_cannot_be_read_is_kept_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    """One of its places is the version, as a newer one might have written it, another the tenant's name."""
    path = _written(tmp_path)
    damaged = _flip(path, place)
    spool = Spool(tmp_path)
    assert (spool.closed(), spool.depth_bytes, spool.damaged_files) == ((), 0, 1)
    assert path.with_suffix(".damaged").read_bytes() == damaged
    assert not path.exists()
    assert f"the segment {path.stem} cannot be read" in caplog.text
    spool.release()
    # Repaired and named as it was, it goes on.
    _flip(path.with_suffix(".damaged"), place)
    path.with_suffix(".damaged").rename(path)
    again = Spool(tmp_path)
    assert [_sizes(each) for each in again.closed()] == [[1, 2, 3, 4]]
    again.release()


def test_a_request_that_looks_like_a_segment_is_not_taken_for_one(tmp_path: Path) -> None:
    """Within a damaged request nobody looks for others, as long as its length leads to the next."""
    inner = record.header(b"inner", 1, 1) + b"inner"
    bodies = [b"first" + inner, b"second"]
    data = _OPENING + b"".join(record.header(each, 1, 1) + each for each in bodies)
    contents = record.read(data.replace(b"first", b"worst"))
    assert contents is not None
    assert [data[each.offset : each.end] for each in contents.records] == [b"second"]


class _Moving:
    """A spool opened again with a writer that is moved by hand."""

    def __init__(self, store: Store, folder: Path, clock: ManualClock | None = None) -> None:
        self.store = store
        self.clock = clock or ManualClock(opened_at(next((folder / "spool").glob("*.otlp")).stem))
        self.spool = Spool(folder / "spool", clock=self.clock)
        quarantine = Quarantine(folder / "quarantine")
        self.writer = Writer(store, self.spool, quarantine, clock=self.clock, counters=Counters())

    def move(self) -> None:
        segment = self.spool.take(0)
        assert segment is not None
        self.writer.move(segment)

    def stored(self) -> tuple[int, int]:
        """Rows, and rows of committed segments."""
        rows = self.store.value("SELECT count() FROM otel_traces")
        return int(rows), int(self.store.value("SELECT sum(rows) FROM segments FINAL"))


@pytest.fixture
def moving(store: Store, tmp_path: Path) -> Iterator[_Moving]:
    _written(tmp_path / "spool")
    made = _Moving(store, tmp_path)
    yield made
    made.spool.release()


def test_a_file_damaged_while_it_waits_loses_only_what_cannot_be_read(moving: _Moving) -> None:
    (segment,) = moving.spool.closed()
    damaged = _flip(segment.path, _STARTS[1] + _HEAD)
    moving.move()
    assert moving.stored() == (8, 8)
    assert moving.spool.closed() == ()
    assert moving.spool.depth_bytes == 0
    assert segment.path.with_suffix(".damaged").read_bytes() == damaged


def test_a_file_that_became_unreadable_while_it_waits_is_kept(moving: _Moving) -> None:
    (segment,) = moving.spool.closed()
    damaged = _flip(segment.path, 5)
    moving.move()
    assert moving.spool.closed() == ()
    assert segment.path.with_suffix(".damaged").read_bytes() == damaged


def test_damage_that_came_after_the_insert_takes_nothing_out_again(moving: _Moving) -> None:
    (segment,) = moving.spool.closed()
    moving.writer._insert(segment, segment.path.read_bytes())
    _flip(segment.path, _STARTS[1] + _HEAD)
    moving.move()
    assert moving.stored() == (10, 10)
    assert moving.spool.closed() == ()


def test_a_damaged_count_of_items_is_noticed_and_counted_again(moving: _Moving) -> None:
    (segment,) = moving.spool.closed()
    _flip(segment.path, _STARTS[1] + _HEAD - 4)
    contents = record.read(segment.path.read_bytes())
    assert contents is not None
    assert contents.items != 10
    moving.move()
    assert moving.stored() == (10, 10)
    assert moving.spool.closed() == ()


@pytest.mark.parametrize("byte", [12, 18, 19])
def test_a_damaged_time_of_receipt_keeps_nothing_from_being_stored(moving: _Moving, byte: int) -> None:
    (segment,) = moving.spool.closed()
    _flip(segment.path, _STARTS[1] + byte)
    moving.move()
    assert moving.stored() == (10, 10)
    assert moving.spool.closed() == ()


def test_what_is_kept_is_bounded_in_age(moving: _Moving, tmp_path: Path) -> None:
    (segment,) = moving.spool.closed()
    _flip(segment.path, 5)
    moving.move()
    moving.clock.advance(timedelta(days=29))
    moving.writer._clean_quarantine()
    assert moving.spool.damaged_files == 1
    (moving.spool.folder / "notes.damaged").touch()
    moving.clock.advance(timedelta(days=2))
    moving.writer._next_cleaning = 0.0
    moving.writer._clean_quarantine()
    assert [path.name for path in moving.spool.folder.glob("*.damaged")] == ["notes.damaged"]


def test_metrics_tell_of_what_is_kept(tmp_path: Path) -> None:
    _flip(_written(tmp_path / "spool"), 5)
    with RunningCollector(None, tmp_path) as running:
        figures = {sample.name: sample.value for sample in running.collector.samples()}
    assert figures["throughline_collector_spool_damaged_files"] == 1


def test_a_sealed_file_with_damage_in_it_stays_sealed(store: Store, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    sealer = Sealer(b"a secret of this test")
    path = _written(tmp_path / "spool", sealer)
    data = path.read_bytes()
    contents = record.read(data)
    assert contents is not None
    _flip(path, contents.records[1].offset)
    spool = Spool(tmp_path / "spool", sealer=sealer)
    (segment,) = spool.closed()
    assert b"POST /orders" not in path.read_bytes() + path.with_suffix(".damaged").read_bytes()
    Writer(
        store, spool, Quarantine(tmp_path / "quarantine"), clock=ManualClock(opened_at(path.stem)), counters=Counters()
    ).move(segment)
    assert store.value("SELECT count() FROM otel_traces") == 8
    spool.release()
