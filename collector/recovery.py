"""What an earlier run left in the spool's folder: all of it closed segments, whose rows may be in ClickHouse already.

A torn last request, which nobody was told is accepted, is cut off. What is damaged is kept (`collector/damage.py`), and
the requests of the same segment that can be read go on.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from collector import damage, record
from collector.durable_file import replace_synced
from collector.journal import replay
from collector.open_segment import SUFFIX
from collector.segment import ClosedSegment, opened_at
from model import Refused

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """The segments, oldest first, and how many bytes of torn requests were cut off."""

    segments: tuple[ClosedSegment, ...]
    torn_bytes: int


def recover(folder: Path) -> Recovered:
    """Read every segment's file; raises `Refused` naming a file that is none."""
    for pattern in ("*.new", "*.probe"):
        for path in folder.glob(pattern):
            path.unlink()
    replay(folder)
    found = []
    torn = 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        segment, cut = _recovered(path)
        torn += cut
        if segment is not None:
            found.append(segment)
    return Recovered(tuple(found), torn)


def left_in(folder: Path) -> tuple[int, int]:
    """How many segments an earlier run left, and how many bytes they have together; nothing is opened or changed."""
    sizes = [path.stat().st_size for path in folder.glob(f"*{SUFFIX}")]
    return len(sizes), sum(sizes)


def _recovered(path: Path) -> tuple[ClosedSegment | None, int]:
    try:
        opened_at(path.stem)
    except ValueError as error:
        raise Refused(f"{path} is not a spool segment; move it elsewhere.") from error
    data = path.read_bytes()
    contents = record.read(data)
    is_unfinished = contents is None and record.is_unfinished(data)
    torn = len(data) if is_unfinished else contents.torn if contents is not None else 0
    if not is_unfinished and (contents is None or contents.damaged):
        damage.keep(path, data, contents)
    if contents is None or not contents.records:
        path.unlink()
        return None, torn
    size = len(data) - torn - contents.damaged
    if contents.damaged:
        replace_synced(path, record.joined(data, contents, contents.records))
    elif torn:
        _log.warning("cut %d bytes of a torn request off the segment %s", torn, path.stem)
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
    segment = ClosedSegment(
        path.stem,
        contents.tenant,
        contents.signal,
        path,
        size,
        may_be_stored=True,
        was_damaged=damage.is_kept(path),
    )
    return segment, torn
