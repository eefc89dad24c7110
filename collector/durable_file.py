"""Files that are on disk when a call returns, private to the user."""

from __future__ import annotations

import os
from collections import deque
from itertools import islice
from pathlib import Path

_PARTS_AT_ONCE = 1024
"""What POSIX systems take in one call."""


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and sync it; its folder is the caller's to sync."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(file, data)
        os.fsync(file)
    finally:
        os.close(file)


def replace_synced(path: Path, data: bytes) -> None:
    """Put a file there in one step that a crash cannot halve: the old contents or the new; done when it is on disk."""
    spare = path.with_suffix(".new")
    write_synced(spare, data)
    spare.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, *parts: bytes, position: int | None = None) -> None:
    """Write every byte of all parts, at a position or where the file stands; raises OSError with some of it written."""
    left = deque(memoryview(part) for part in parts if part)
    while left:
        some = list(islice(left, _PARTS_AT_ONCE))
        done = os.writev(file, some) if position is None else os.pwritev(file, some, position)
        position = None if position is None else position + done
        while left and done >= len(left[0]):
            done -= len(left.popleft())
        if done:
            left[0] = left[0][done:]
