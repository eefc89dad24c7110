"""A segment's file while it grows. Belongs to the one thread that writes the spool.

The folder is synced before the first request is written, and every request before `append` returns. A file is never
appended to again after a failed write or fsync (what the kernel then holds is unknown): it is to be closed, which cuts
it back to what was synced.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from collector import record
from collector.durable_file import sync_folder, write_all
from collector.segment import ClosedSegment, Signal, new_segment_id

_log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SUFFIX = ".otlp"


def segment_path(folder: Path, segment_id: str) -> Path:
    """Where the file of a segment lies in the folder of a spool."""
    return folder / f"{segment_id}{SUFFIX}"


def day_of(at: datetime) -> int:
    """The UTC day, counted from 1970."""
    return (at - _EPOCH).days


class OpenSegment:
    """One file of one tenant, one signal and one UTC day; raises OSError where it cannot be made."""

    def __init__(self, folder: Path, tenant: str, signal: Signal, now: datetime, *, sealed: bool) -> None:
        self.id = new_segment_id(now)
        self.tenant = tenant
        self.signal = signal
        self.day = day_of(now)
        self.born = time.monotonic()
        self._path = segment_path(folder, self.id)
        self._failed = False
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        head = record.opening(tenant, signal, sealed=sealed)
        try:
            write_all(self._file, head)
            sync_folder(folder)
        except OSError:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            raise
        self.size = len(head)
        """Bytes in the file, all of them synced but the first few."""

    def append(self, data: bytes) -> None:
        """Write and sync; after an OSError the segment is only to be closed."""
        try:
            write_all(self._file, data)
            os.fdatasync(self._file)
        except OSError:
            self._failed = True
            raise
        self.size += len(data)

    def close(self) -> ClosedSegment:
        """What is in it, for the writer."""
        if self._failed:
            try:
                os.ftruncate(self._file, self.size)
                os.fsync(self._file)
            except OSError as error:
                _log.error("the segment %s cannot be cut back after a failed write: %s", self.id, error)
        os.close(self._file)
        return ClosedSegment(self.id, self.tenant, self.signal, self._path, self.size)
