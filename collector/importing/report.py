"""What came of an import, and the file of the rows that were not taken."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collector.importing.encoding import UTF8
from collector.importing.ledger import ImportLedger
from collector.importing.mapping import ImportMapping
from model import BadRequest

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


def write_rejects(ledger: ImportLedger, path: Path, columns: Sequence[str], mapping: ImportMapping) -> None:
    """Write the refused rows as CSV, private to the user: line, reason, the columns of the file (`row` for JSON lines).

    It is in the dialect and encoding the mapping says, if any, and our two columns have names that none of the file's
    has: so rows that were mended are read with the same mapping. A file that is there already becomes private too; what
    is no plain file, such as a pipe, stays as it is. Raises `BadRequest` where it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        encoding = mapping.encoding if columns and mapping.encoding else UTF8
        with os.fdopen(handle, "w", encoding=encoding, errors="replace", newline="") as file:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
                os.fchmod(handle, 0o600)
            writer = csv.writer(file, delimiter=mapping.delimiter or ",", quotechar=mapping.quote or '"')
            writer.writerow([_free("line", columns), _free("reason", columns), *(columns or ["row"])])
            after = 0
            while page := ledger.rejects(after, _PAGE):
                writer.writerows([row["line"], row["reason"], *row["cells"]] for row in page)
                after = page[-1]["line"]
    except OSError as error:
        raise BadRequest(
            f"The rejected rows cannot be written to {path}: {error.strerror}. What is in stays in: run the import "
            "again, with another path for them."
        ) from error


def _free(name: str, columns: Sequence[str]) -> str:
    while name in columns:
        name += "_"
    return name
