"""What of a segment's file cannot be read is kept, so that what can goes on without anything being deleted unread.

The whole file is kept beside the spool's segments as `<segment id>.damaged`, private and encrypted as it was, for as
long as a refused request would be. Where nothing of it could be read, because another version wrote it say, it may be
given its old ending, `.otlp`, before that version is started.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from collector.durable_file import replace_synced, sync_folder
from collector.record import Contents
from collector.segment import opened_at

_log = logging.getLogger(__name__)
_SUFFIX = ".damaged"


def keep(path: Path, data: bytes, contents: Contents | None) -> None:
    """Keep a copy of a segment's file and say why; does nothing more where that has been done."""
    kept = _beside(path)
    if not kept.exists():
        replace_synced(kept, data)
    if contents is None:
        _log.error(
            "the segment %s cannot be read, because its beginning is damaged or another version wrote it: nothing of "
            "it is stored, and it is kept as %s",
            path.stem,
            kept,
        )
    else:
        _log.error(
            "%d bytes of the segment %s of tenant %s cannot be read: %d requests of it can and go on, and the whole is "
            "kept as %s",
            contents.damaged + contents.torn,
            path.stem,
            contents.tenant,
            len(contents.records),
            kept,
        )


def is_kept(path: Path) -> bool:
    """Whether a segment's file once held more than could be read."""
    return _beside(path).exists()


def kept(folder: Path) -> list[Path]:
    """All that is kept, oldest first."""
    return sorted(folder.glob(f"*{_SUFFIX}"))


def expire(folder: Path, before: datetime) -> list[str]:
    """Delete for good what was received before that time; gives the segments."""
    old = [path for path in kept(folder) if _is_of_before(path, before)]
    for path in old:
        path.unlink(missing_ok=True)
    if old:
        sync_folder(folder)
    return [path.stem for path in old]


def _is_of_before(path: Path, before: datetime) -> bool:
    try:
        return opened_at(path.stem) < before
    except ValueError:
        return False  # not a file of ours


def _beside(path: Path) -> Path:
    return path.with_suffix(_SUFFIX)
