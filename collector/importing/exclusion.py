"""Keeps two runs of one import from working at the same time on this machine, whatever their files are called."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.importing.ledger import ImportLedger
from model import BadRequest, Refused


@contextmanager
def alone(ledger: ImportLedger, file: Path) -> Iterator[None]:
    """Hold the import against a second run of it into the same tables; raises `Refused` where there is one.

    It is held by a lock on a file in the folder for temporary files. The lock ends with the process however that ends;
    the file is removed by whoever holds it. `file` is what is imported, for messages.
    """
    name = hashlib.sha256(" ".join(ledger.identity()).encode()).hexdigest()[:32]
    path = Path(tempfile.gettempdir()) / f"throughline-import-{name}.lock"
    handle = _held(path, file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _held(path: Path, file: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise BadRequest(f"{file} cannot be imported: no lock on {path}: {error.strerror}.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise Refused(f"{file} is being imported already; wait until that is done.") from error
        if _is_there(handle, path):
            return handle
        os.close(handle)


def _is_there(handle: int, path: Path) -> bool:
    """Whether the file that is locked is still the one of that name: its last holder may just have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
