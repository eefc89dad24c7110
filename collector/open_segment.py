"""A segment's file while it grows. Belongs to the one thread that writes the spool.

What is written is durable by itself after `sync`, or somebody else has made it so; then `committed` is said. A file is
never appended to again after a failed write or fsync (what the kernel then holds is unknown): it is to be closed, which
cuts it back to what is durable.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from collector import record
from collector.durable_file import sync_folder, write_all
from collector.segment import ClosedSegment, Signal, new_segment_id
from model import EPOCH

_log = logging.getLogger(__name__)

SUFFIX = ".otlp"


class Piece(NamedTuple):
    """Bytes of a segment's file, and where they stand in it."""

    segment_id: str
    offset: int
    parts: tuple[bytes, ...]
    size: int


def segment_path(folder: Path, segment_id: str) -> Path:
    """Where the file of a segment lies in the folder of a spool."""
    return folder / f"{segment_id}{SUFFIX}"


def day_of(at: datetime) -> int:
    """The UTC day, counted from 1970."""
    return (at - EPOCH).days


class OpenSegment:
    """One file of one tenant, one signal and one UTC day; raises OSError where it cannot be made."""

    def __init__(self, folder: Path, tenant: str, signal: Signal, now: datetime, *, sealed: bool) -> None:
        self.id = new_segment_id(now)
        self.tenant = tenant
        self.signal = signal
        self.day = day_of(now)
        self.born = time.monotonic()
        self._folder = folder
        self._path = segment_path(folder, self.id)
        self._opening = record.opening(tenant, signal, sealed=sealed)
        self._is_named = False
        self._durable = 0
        self._failed = False
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = 0
        """Bytes in the file."""

    def write(self, *parts: bytes) -> Piece:
        """Write; gives what is to be made durable. After an OSError the segment is only to be closed."""
        parts = parts if self.size else (self._opening, *parts)
        piece = Piece(self.id, self.size, parts, sum(map(len, parts)))
        try:
            write_all(self._file, *parts)
        except OSError:
            self._failed = True
            raise
        self.size += piece.size
        return piece

    def sync(self) -> None:
        """Make all of it durable by itself; after an OSError the segment is only to be closed."""
        try:
            os.fdatasync(self._file)
            if not self._is_named:
                sync_folder(self._folder)
                self._is_named = True
        except OSError:
            self._failed = True
            raise

    def committed(self) -> None:
        """What is written is durable, one way or another."""
        self._durable = self.size

    def close(self) -> ClosedSegment:
        """What is in it, for the writer; only what is durable."""
        if self._failed or self._durable < self.size:
            self.size = self._durable
            try:
                os.ftruncate(self._file, self.size)
                os.fsync(self._file)
            except OSError as error:
                _log.error("the segment %s cannot be cut back after a failed write: %s", self.id, error)
        try:
            os.close(self._file)
        except OSError as error:  # what is in it was durable before
            _log.error("the segment %s was not closed cleanly: %s", self.id, error)
        return ClosedSegment(self.id, self.tenant, self.signal, self._path, self.size)
