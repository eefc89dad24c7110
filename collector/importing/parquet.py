"""Turns Parquet into JSON lines once, beside the store, because its columns cannot be read front to back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from collector.importing import parquet_rows
from model import BadRequest


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error


def parquet_as_json_lines(path: Path, folder: Path) -> Path:
    """Write the rows of a Parquet file as JSON lines into an empty folder, in order, and give the new file.

    A process of its own does it, which bounds the memory. It finds the file in the folder under a name of ours: in
    one of somebody else's the engine would take `*` or `{` for a pattern, and read other files too.
    """
    (folder / parquet_rows.SOURCE).symlink_to(path.resolve())
    command = [sys.executable, "-P", parquet_rows.__file__]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BadRequest(f"{path} cannot be read as Parquet: {last[:300]}")
    return folder / parquet_rows.TARGET
