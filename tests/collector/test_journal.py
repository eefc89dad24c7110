"""The journal: after a power cut everything acknowledged is there, nothing that was done with comes back changed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector import Spool, SpoolLimits, record
from collector.committer import Committer
from collector.journal import Journal, replay
from collector.open_segment import OpenSegment, Piece, segment_path
from collector.requests import Accepted, accept
from collector.segment import Signal
from model import SpoolFull
from tests.collector.payloads import spans
from tests.collector.running import wait_for

_RING = 64 << 10
_NAMES = ("journal.a", "journal.b")
_NOW = datetime(2026, 11, 21, tzinfo=UTC)


class _Disk:
    """What a folder would hold after a power cut: of each file what was synced, and only names of a synced folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sizes: dict[int, int] = {}
        self._names: dict[int, set[str]] = {}
        monkeypatch.setattr(os, "fsync", self._after(os.fsync))
        monkeypatch.setattr(os, "fdatasync", self._after(os.fdatasync))

    def _after(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def synced(file: int) -> None:
            found = os.fstat(file)
            sync(file)
            place = Path(f"/proc/self/fd/{file}")
            if place.is_dir():
                self._names[found.st_ino] = {path.name for path in place.iterdir()}
            else:
                self._sizes[found.st_ino] = found.st_size

        return synced

    def cut(self, folder: Path, to: Path) -> Path:
        to.mkdir()
        for path in folder.iterdir():
            if path.name not in self._names.get(folder.stat().st_ino, set()):
                continue
            kept = path.read_bytes()[: self._sizes.get(path.stat().st_ino, 0)]
            (to / path.name).write_bytes(kept)
        return to


def _bodies(count: int, chance: random.Random) -> list[Accepted]:
    sizes = [chance.choice([1, 3, 20]) for _ in range(count)]
    return [accept(Signal.TRACES, spans(size, service=f"s{n}").SerializeToString()) for n, size in enumerate(sizes)]


def _found(folder: Path) -> dict[str, list[bytes]]:
    """The requests in each segment that a spool opened on the folder has."""
    spool = Spool(folder)
    found = {}
    for segment in spool.closed():
        data = segment.path.read_bytes()
        contents = record.read(data)
        assert contents is not None
        found[segment.id] = [data[each.offset : each.end] for each in contents.records]
    spool.release()
    return found


def _with_journal(folder: Path, **limits: float) -> Spool:
    spool = Spool(folder, limits=SpoolLimits(journal_bytes=_RING, **limits))  # type: ignore[arg-type]
    spool.start()
    first = accept(Signal.TRACES, spans(300).SerializeToString())
    spool.append("first", first).result(10)
    wait_for(lambda: spool._committer._journal is not None)
    return spool


@pytest.mark.parametrize("seed", range(6))
def test_after_a_power_cut_all_that_was_acknowledged_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    disk = _Disk(monkeypatch)
    spool = _with_journal(tmp_path / "spool", segment_seconds=0.01)
    acknowledged: set[bytes] = set()
    done: set[str] = set()
    for each in _bodies(150, chance):
        spool.append(chance.choice(["a", "b"]), each).result(10)
        acknowledged.add(each.body)
        if chance.random() < 0.2 and (segment := spool.take(0)) is not None:
            done.add(segment.id)
            contents = record.read(segment.path.read_bytes())
            assert contents is not None
            data = segment.path.read_bytes()
            acknowledged -= {data[one.offset : one.end] for one in contents.records}
            spool.finished(segment)
    found = _found(disk.cut(tmp_path / "spool", tmp_path / "after"))
    assert acknowledged <= {body for id_, bodies in found.items() if id_ not in done for body in bodies}
    assert not any((tmp_path / "after" / name).exists() for name in _NAMES)
    spool.stop()
    assert not any((tmp_path / "spool" / name).exists() for name in _NAMES)
    spool.release()


def test_a_segment_that_was_deleted_comes_back_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(monkeypatch)
    spool = _with_journal(tmp_path / "spool", segment_seconds=0.05)
    whole: dict[str, list[bytes]] = {}
    for number, each in enumerate(_bodies(200, random.Random(1))):
        spool.append("a", each).result(10)
        while (segment := spool.take(0)) is not None:
            contents = record.read(data := segment.path.read_bytes())
            assert contents is not None
            whole[segment.id] = [data[one.offset : one.end] for one in contents.records]
            spool.finished(segment)
        if number % 40 == 39:
            found = _found(disk.cut(tmp_path / "spool", tmp_path / f"after {number}"))
            assert all(bodies == whole[id_] for id_, bodies in found.items() if id_ in whole)
    spool.stop()
    spool.release()


def test_a_segment_that_was_replaced_stays_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = _Disk(monkeypatch)
    spool = _with_journal(tmp_path / "spool", segment_seconds=0.01)
    for each in _bodies(3, random.Random(2)):
        spool.append("a", each).result(10)
    wait_for(lambda: any(each.tenant == "a" for each in spool.closed()))
    segment = spool.take(0, {"first"})
    assert segment is not None
    opening = record.opening("a", Signal.TRACES)
    kept = accept(Signal.TRACES, spans(1, service="kept").SerializeToString())
    spool.replaced(segment, opening + record.header(kept.body, 1, 1) + kept.body)
    found = _found(disk.cut(tmp_path / "spool", tmp_path / "after"))
    assert found[segment.id] == [kept.body]
    spool.stop()
    spool.release()


def test_a_request_too_large_for_the_journal_is_synced_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(monkeypatch)
    spool = _with_journal(tmp_path / "spool", segment_seconds=3600)
    small = _bodies(4, random.Random(3))
    large = accept(Signal.TRACES, spans(900).SerializeToString())
    assert len(large.body) > _RING // 2
    for each in (*small[:2], large, *small[2:]):
        spool.append("a", each).result(10)
    found = _found(disk.cut(tmp_path / "spool", tmp_path / "after"))
    whole = [each.body for each in (*small[:2], large, *small[2:])]
    assert whole in found.values()
    (segment_id,) = (id_ for id_, bodies in found.items() if bodies == whole)
    segment_path(tmp_path / "spool", segment_id).unlink()
    assert _found(disk.cut(tmp_path / "spool", tmp_path / "later")).get(segment_id, whole) == whole
    spool.stop()
    spool.release()


def test_the_journal_is_there_only_while_much_comes_in(tmp_path: Path) -> None:
    committer = Committer(tmp_path, _RING, window_seconds=0.2)
    segment = OpenSegment(tmp_path, "a", Signal.TRACES, _NOW, sealed=False)

    def commit(size: int) -> list[str]:
        assert committer.commit([(segment, segment.write(bytes(size)))]) == [None]
        committer.look()
        return sorted(path.name for path in tmp_path.glob("journal.*"))

    assert commit(_RING // 8) == []
    wait_for(lambda: commit(_RING // 8) == list(_NAMES))
    wait_for(lambda: committer.patience() is not None)
    wait_for(lambda: commit(1) == [])
    assert committer.patience() is None
    committer.close()


def _make_unwritable(spool: Spool) -> None:
    journal = spool._committer._journal
    assert journal is not None
    for half in journal._halves:
        read_only = os.open("/dev/null", os.O_RDONLY)
        os.dup2(read_only, half.file)
        os.close(read_only)


def test_a_journal_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    spool = _with_journal(tmp_path / "spool", segment_seconds=3600)
    _make_unwritable(spool)
    bodies = _bodies(3, random.Random(4))
    for each in bodies:
        spool.append("a", each).result(10)
    assert spool.ready()
    assert not any((tmp_path / "spool" / name).exists() for name in _NAMES)
    spool.stop()
    spool.release()
    assert [each.body for each in bodies] in _found(tmp_path / "spool").values()


def test_what_a_journal_that_had_to_stay_writes_again_is_all_of_a_segment(tmp_path: Path) -> None:
    """The disk fails for a while: the journal cannot be written any more, nor all that is in it be synced elsewhere."""
    spool = _with_journal(tmp_path / "spool", segment_seconds=3600)
    bodies = _bodies(4, random.Random(4))
    spool.append("a", bodies[0]).result(10)
    spool.append("b", bodies[1]).result(10)
    _make_unwritable(spool)
    other = segment_path(spool.folder, spool._open["b", Signal.TRACES].id)
    other.rename(tmp_path / "aside")
    other.symlink_to(other)
    with pytest.raises(SpoolFull):
        spool.append("a", bodies[2]).result(10)
    first, *_ = (each for each in spool.closed() if each.tenant == "a")
    for each in (bodies[2], bodies[3]):
        spool.append("a", each).result(10)
    (tmp_path / "aside").rename(other)
    spool.stop()
    first.path.unlink()  # its rows are in ClickHouse
    spool.release()
    found = _found(tmp_path / "spool").values()
    assert [bodies[0].body] in found
    assert [each.body for each in bodies[2:]] in found


def test_what_is_left_of_an_earlier_round_is_not_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, _RING)
    names = [f"{n:016x}-68f598c0" for n in range(13)]
    for name in names:
        journal.append([Piece(name, 0, (bytes(6000),), 6000)])
    assert journal._half.generation == 3
    shutil.copytree(tmp_path, tmp_path / "after")
    replay(tmp_path / "after")
    assert {path.stem for path in (tmp_path / "after").iterdir()} == set(names[5:])
    journal.close()


@pytest.mark.parametrize("torn", ["header", "table", "another generation"])
def test_an_entry_that_is_not_whole_ends_the_journal(tmp_path: Path, torn: str) -> None:
    journal = Journal(tmp_path, _RING)
    names = [f"000660cea2c8352{n}-68f598c0" for n in range(3)]
    for name in names[:2]:
        journal.append([Piece(name, 0, (name.encode(),), len(name))])
    end = journal._half.position
    journal.append([Piece(names[2], 0, (names[2].encode(),), len(names[2]))])
    place = end + {"header": 2, "table": 30, "another generation": 4}[torn]
    data = bytearray((tmp_path / _NAMES[0]).read_bytes())
    data[place] ^= 0xFF
    (tmp_path / _NAMES[0]).write_bytes(data)
    shutil.copytree(tmp_path, tmp_path / "after")
    replay(tmp_path / "after")
    assert {path.stem for path in (tmp_path / "after").iterdir()} == set(names[:2])
    assert segment_path(tmp_path / "after", names[0]).read_bytes() == names[0].encode()
    journal.close()


def test_an_entry_whose_data_never_reached_the_disk_brings_nothing_older_back(tmp_path: Path) -> None:
    """A power cut may keep an entry's head and not its data; what stands there then are older, sound requests."""
    old, new = (spans(3, service=name).SerializeToString() for name in ("old", "new"))
    segment_id = f"{1:016x}-{2:08x}"
    journal = Journal(tmp_path, _RING)
    assert journal.append([Piece(segment_id, 0, (new,), len(new))])
    [half] = [path for path in (tmp_path / name for name in _NAMES) if new in path.read_bytes()]
    half.write_bytes(half.read_bytes().replace(new, old))
    replay(tmp_path)
    assert not segment_path(tmp_path, segment_id).exists()
    assert not any((tmp_path / name).exists() for name in _NAMES)
