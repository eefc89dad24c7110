"""What an import may read and where it may write, checked before anything is stored."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from model import BadRequest

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_file(path: Path) -> None:
    """Raise `BadRequest` where the path is none of a plain file: an import reads its file more than once."""
    _check_name(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if str(path) == "-":
            raise BadRequest("- is no file: an import reads its file more than once, not standard input.") from error
        raise BadRequest(f"{path} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(mode):
        raise BadRequest(f"{path} is {_KINDS.get(stat.S_IFMT(mode), 'no plain file')}; an import needs a file.")


def rejects_target(given: Path | None, file: Path, mapping: Path) -> Path:
    """Where refused rows are written: as `given`, else `<file name>.rejected.csv` beside the file.

    Raises `BadRequest` where that would overwrite what is imported or its mapping, or where it cannot be written.
    """
    target = given or _beside(file)
    _check_name(target)
    beginning = f"The rejected rows cannot be written to {target}"
    for other, what in ((file, "the file that is imported"), (mapping, "its mapping")):
        if target.exists() and other.exists() and target.samefile(other):
            raise BadRequest(f"{beginning}: that is {what}.")
    if target.is_dir():
        raise BadRequest(f"{beginning}: that is a folder.")
    if given and not target.parent.is_dir():
        raise BadRequest(f"{beginning}: there is no folder {target.parent}.")
    if given and not os.access(target if target.exists() else target.parent, os.W_OK):
        raise BadRequest(f"{beginning}: permission denied.")
    return target


def _beside(file: Path) -> Path:
    """A path beside the file, or in the working folder where that one is not writable."""
    folder = file.resolve().parent
    return (folder if os.access(folder, os.W_OK) else Path.cwd()) / f"{file.name}.rejected.csv"


def _check_name(path: Path) -> None:
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    if name != str(path):
        raise BadRequest(f"The name {name} is not UTF-8; an import records names of files, so give it another one.")
