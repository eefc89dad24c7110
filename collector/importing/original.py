"""The file an import was asked for, as it was when its bytes were hashed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from model import BadRequest


class Original:
    """Knows the hash of a file and whether its bytes are still those hashed. Close it after use.

    Raises `BadRequest` where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error
        try:
            self._as_hashed = _state(os.fstat(self._file.fileno()))
            self.hash = hashlib.file_digest(self._file, "sha256").hexdigest()
            """SHA-256 of its bytes, hexadecimal."""
        except OSError as error:
            self.close()
            raise self._unreadable(error) from error

    def check_opened(self) -> None:
        """Raise `BadRequest` where whoever has just opened the path may have another file, or other bytes."""
        try:
            self._check(self._path.stat())
        except OSError as error:
            raise self._unreadable(error) from error

    def check(self) -> None:
        """Raise `BadRequest` where what was read of it until now may be other bytes than those hashed."""
        self._check(os.fstat(self._file.fileno()))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _check(self, found: os.stat_result) -> None:
        if _state(found) != self._as_hashed:
            raise BadRequest(
                f"{self._path} was changed while it was imported. Import it again, or a copy of it that stays as it "
                "is; what is in already is recognised by its identities."
            )

    def _unreadable(self, error: OSError) -> BadRequest:
        return BadRequest(f"{self._path} cannot be read: {error.strerror}.")


def _state(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
