"""Turns Parquet into JSON lines once, beside the store, because its columns cannot be read front to back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from collector.importing import parquet_rows
from model import BadRequest

_OPEN = ("Map(", "JSON", "Object(", "Variant(", "Dynamic")
"""Types that may hold a member of any name."""


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error


def parquet_as_json_lines(path: Path, folder: Path, read: Collection[str]) -> tuple[Path, dict[str, str]]:
    """Write the rows of a Parquet file as JSON lines into an empty folder, in order.

    Gives the new file and the types of the columns of the old one, those of the fields within them included. `read` are
    the columns, or paths into them, that matter: only what is in others may be written in another way.

    A process of its own does it, which bounds the memory. It finds the file in the folder under a name of ours: in
    one of somebody else's the engine would take `*` or `{` for a pattern, and read other files too.
    """
    (folder / parquet_rows.SOURCE).symlink_to(path.resolve())
    command = [sys.executable, "-P", parquet_rows.__file__]
    done = subprocess.run(  # noqa: S603 - our own
        command, cwd=folder, input=json.dumps(list(read)), capture_output=True, text=True, check=False, umask=0o077
    )
    if done.returncode:
        raise BadRequest(f"{path} cannot be read as Parquet: {_reason(done.stderr)}.")
    return folder / parquet_rows.TARGET, dict(json.loads(done.stdout))


def _reason(printed: str) -> str:
    """The reason in what a process printed that failed: the engine's innermost, without its codes and our own names."""
    lines = printed.strip().splitlines() or ["no reason given"]
    told = [line.partition("Exception: ")[2] for line in lines if "DB::" in line and "Exception: " in line]
    return re.sub(r"[.:]* \((in file/uri |[A-Z_]+\)).*", "", (told or lines)[-1])[:300].rstrip(".")


def has_column(columns: Mapping[str, str], name: str) -> bool:
    """Whether there is a column of that name or, at that path, a field of one; a map may have any."""
    if name in columns:
        within = name.rpartition(".")[0]
        return columns.get(within, "Tuple(").removeprefix("Nullable(").startswith("Tuple(")
    steps = name.split(".")
    return any(columns.get(".".join(steps[:n]), "").startswith(_OPEN) for n in range(1, len(steps)))
