"""What came of an import, and the file of the rows that were not taken."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collector.importing.ledger import ImportLedger

_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: rows of the file done, bytes of the file read, seconds since this run began."""

    rows: int
    bytes_done: int
    bytes_total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import: rows of the whole file, those an earlier, interrupted run had taken included.

    `reasons` counts the rejected rows. `rows_per_second` is of this run, 0 for a file that was imported before;
    `rejected_file` is None where no row was rejected.
    """

    accepted: int
    rejected: int
    rows_per_second: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    rejected_file: str | None = None
    already_imported: bool = False
    resumed: bool = False


def write_rejects(ledger: ImportLedger, path: Path, columns: Sequence[str]) -> None:
    """Write the refused rows as CSV, private to the user: line, reason, the columns of the file (`row` for JSON lines).

    A file that is there already becomes private too; what is no plain file, such as a pipe, stays as it is.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        found = os.fstat(handle)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            os.fchmod(handle, 0o600)
        writer = csv.writer(file)
        writer.writerow(["line", "reason", *(columns or ["row"])])
        after = 0
        while page := ledger.rejects(after, _PAGE):
            writer.writerows([row["line"], row["reason"], *row["cells"]] for row in page)
            after = page[-1]["line"]
