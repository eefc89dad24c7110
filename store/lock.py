"""One process owns a data folder: an advisory lock on a file in it, which ends with the process however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from model import StoreInUse


class FolderLock:
    """Taken when made; raises `StoreInUse` naming the folder and the holder's process id."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            who = f" by process {holder}" if holder else ""
            raise StoreInUse(
                f"The data folder {folder} is in use{who}. Stop that one first, or choose another with --data-dir."
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Free the folder. A second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
