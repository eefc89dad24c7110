"""The folder among the temporary files where an import keeps what it is about to read, never longer than it runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "throughline-import-"


@contextmanager
def working_folder() -> Iterator[Path]:
    """A new folder, private to the user; it and what is in it are removed at the end.

    What imports of this user that were killed have left there is removed first: it holds rows of their files as they
    are, and nobody may ever run them again. A folder is in use as long as a process locks it.
    """
    _remove_left()
    folder, handle = _new()
    try:
        yield folder
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        os.close(handle)


def _new() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        handle = _opened(folder)
        if handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():  # else another import took it for one left behind, before it was locked
                return folder, handle
            os.close(handle)


def _remove_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        handle = _opened(folder)
        if handle is None:
            continue
        try:
            if os.fstat(handle).st_uid == os.geteuid():
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:  # an import that runs
            pass
        finally:
            os.close(handle)


def _opened(folder: Path) -> int | None:
    """None where it is no folder, not ours to open, or gone."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
