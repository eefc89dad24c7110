"""What makes requests durable when there are many: one write a group, over blocks of a file that are there already.

To append to a file and sync it, the file system commits its own log, and waits for what else is in it: the parts that
ClickHouse syncs at the same time. Overwriting a file that keeps its size and place waits for the disk alone (p99 25 ms
instead of 130 on one machine under the same load). So what goes into segments goes into this ring of two files as well,
and only that is synced before a request is acknowledged. Most segments are in ClickHouse, and deleted, before the ring
comes round; the others are synced then, by a thread of its own. A crash leaves segments that may lack their ends:
`replay` writes these again.

    entry := header { magic, generation u64, bytes of table and of data u32, CRC-32 of generation, table and data }
             table { segment id, offset in its file u64, length u32 }* data
    An offset of all ones: the segment needs nothing of what stands before, it is on disk by itself or gone.

A file's entries are those of one generation, from its start. The checksum holds the data too, although each request in
it has its own: where a power cut lets an entry's head reach the disk without its data, older requests of the same sizes
would stand there, sound and long done with.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from zlib_ng import zlib_ng

from collector.durable_file import sync_folder, write_all
from collector.open_segment import Piece, segment_path

_NAMES = ("journal.a", "journal.b")
_MAGIC = b"TLJ1"
_HEADER = struct.Struct("<4sQIII")
_GENERATION = struct.Struct("<Q")
_PIECE = struct.Struct("<25sQI")
_SETTLED = (1 << 64) - 1
_ZEROS = bytes(1 << 20)


class _Half:
    """One file of the ring."""

    def __init__(self, path: Path, size: int) -> None:
        self.size = size
        self.position = 0
        self.generation = 0
        self.segments: set[str] = set()
        """Those that have bytes here."""
        self.is_free: Future[None] | None = None
        """Done when none of them needs these bytes any more."""
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        for _ in range(0, size, len(_ZEROS)):
            write_all(self.file, _ZEROS[:size])
        os.fsync(self.file)


class Journal:
    """A ring of two files of half of `size` bytes each in a folder of segments; raises OSError where it cannot be made.

    `append` and `close` belong to the thread that writes segments; any thread may `settle` and `forget`. No segment
    that has its beginning in a ring which stays may go on elsewhere, or be replaced: the next start writes it again.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._settler = ThreadPoolExecutor(1, thread_name_prefix="spool journal")
        self.is_closed = False
        """Whether it takes no more; its files are gone, or stay for the next start."""
        self._forgotten: deque[str] = deque(maxlen=1000)
        self._halves = [_Half(folder / name, size // 2) for name in _NAMES]
        self._half = self._halves[0]
        self._half.generation = 1
        sync_folder(folder)

    def append(self, pieces: list[Piece]) -> bool:
        """Make them durable; False, with nothing done, where they are too many for it. Raises OSError."""
        with self._lock:
            return self._append(pieces)

    def forget(self, segment_id: str) -> None:
        """A segment's file is gone: say so with whatever is written next. (Should that never come, it is found to be
        in ClickHouse.)"""
        with self._lock:
            self._forgotten.append(segment_id)

    def settle(self, segment_id: str) -> None:
        """Make a segment that takes no more durable by itself, and have nothing of it written again after a crash."""
        _sync(segment_path(self._folder, segment_id))
        sync_folder(self._folder)
        with self._lock:
            if self.is_closed and not any(segment_id in half.segments for half in self._halves):
                return  # nothing of it is there
            self._append([Piece(segment_id, _SETTLED, (), 0)])

    def close(self) -> None:
        """Make every segment durable by itself and delete the ring; raises OSError with the ring still there.

        What could not be synced once is not believed to be on disk when syncing it again succeeds: the kernel says so
        only once. The ring has it.
        """
        with self._lock:
            self.is_closed = True
            self._settler.shutdown()
            for half in self._halves:
                if half.is_free is not None:
                    half.is_free.result()
            self._settle_all(half.segments for half in self._halves)
            remove(self._folder)
            for half in self._halves:
                os.close(half.file)

    def _append(self, pieces: list[Piece]) -> bool:
        if self.is_closed:
            raise OSError(errno.EBADF, "the journal is closed")
        pieces = [*(Piece(each, _SETTLED, (), 0) for each in self._forgotten), *pieces]
        table = b"".join(_PIECE.pack(each.segment_id.encode(), each.offset, each.size) for each in pieces)
        length = sum(each.size for each in pieces)
        whole = _HEADER.size + len(table) + length
        if whole > self._half.size:
            return False
        if self._half.position + whole > self._half.size:
            self._turn()
        half = self._half
        parts = [part for each in pieces for part in each.parts]
        checksum = _checksum(half.generation, table, *parts)
        header = _HEADER.pack(_MAGIC, half.generation, len(table), length, checksum)
        write_all(half.file, header, table, *parts, position=half.position)
        os.fdatasync(half.file)
        half.position += whole
        half.segments.update(each.segment_id for each in pieces if each.size)
        self._forgotten.clear()
        return True

    def _turn(self) -> None:
        """Go on in the other half, and have the segments of this one settled by the time it is needed again."""
        old, new = self._half, self._halves[self._half is self._halves[0]]
        if new.is_free is not None:
            new.is_free.result()
        old.is_free = self._settler.submit(self._settle_all, [old.segments])
        new.generation, new.position, new.segments = old.generation + 1, 0, set()
        self._half = new

    def _settle_all(self, groups: Iterable[set[str]]) -> None:
        for segment_id in sorted(set().union(*groups)):
            _sync(segment_path(self._folder, segment_id))
        sync_folder(self._folder)


def replay(folder: Path) -> None:
    """After a crash: write again what segments may lack; they are on disk afterwards, and the ring is gone."""
    needed: dict[str, list[Piece]] = {}
    for _, pieces in sorted(_entries(folder), key=lambda entry: entry[0]):
        for piece in pieces:
            if piece.offset == _SETTLED:
                needed.pop(piece.segment_id, None)
            else:
                needed.setdefault(piece.segment_id, []).append(piece)
    for segment_id, pieces in needed.items():
        path = segment_path(folder, segment_id)
        # A file that is gone and was on disk by itself, without all of it being in the ring, has been done with.
        if path.exists() or _is_whole(pieces):
            _write_again(path, pieces)
    sync_folder(folder)
    remove(folder)


def remove(folder: Path) -> None:
    """Delete the ring's files, if there are any: the older one first, for the newer one may say what is void in it."""
    found = [folder / name for name in _NAMES if (folder / name).exists()]
    for path in sorted(found, key=_generation_of):
        path.unlink()
        sync_folder(folder)


def _generation_of(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
    return int(_HEADER.unpack(header)[1]) if header.startswith(_MAGIC) and len(header) == _HEADER.size else 0


def _is_whole(pieces: list[Piece]) -> bool:
    end = 0
    for piece in pieces:
        if piece.offset != end:
            return False
        end += piece.size
    return True


def _entries(folder: Path) -> Iterator[tuple[int, list[Piece]]]:
    for name in _NAMES:
        path = folder / name
        if path.exists():
            yield from _entries_of(path.read_bytes())


def _entries_of(data: bytes) -> Iterator[tuple[int, list[Piece]]]:
    position, first = 0, None
    while position + _HEADER.size <= len(data):
        magic, generation, table_size, data_size, checksum = _HEADER.unpack_from(data, position)
        start = position + _HEADER.size
        table = data[start : start + table_size]
        position = start + table_size
        if magic != _MAGIC or first not in (None, generation) or position + data_size > len(data):
            return
        if _checksum(generation, table, data[position : position + data_size]) != checksum:
            return
        first = generation
        pieces = []
        for segment_id, offset, length in _PIECE.iter_unpack(table):
            pieces.append(Piece(segment_id.decode(), offset, (data[position : position + length],), length))
            position += length
        yield generation, pieces


def _checksum(generation: int, *parts: bytes) -> int:
    found = zlib_ng.crc32(_GENERATION.pack(generation))
    for each in parts:
        found = zlib_ng.crc32(each, found)
    return found


def _write_again(path: Path, pieces: list[Piece]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for piece in pieces:
            write_all(file, *piece.parts, position=piece.offset)
        os.fsync(file)
    finally:
        os.close(file)


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):  # its rows are in ClickHouse
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
