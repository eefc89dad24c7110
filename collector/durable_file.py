"""Files that are on disk when a call returns, private to the user."""

from __future__ import annotations

import os
from pathlib import Path


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


def write_all(file: int, data: bytes) -> None:
    """Write every byte; raises OSError with some of them written."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
