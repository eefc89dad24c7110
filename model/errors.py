"""Every error Throughline raises on purpose, and whether trying again can help.

ThroughlineError
├── Refused            what was asked cannot be done; trying again changes nothing
│   ├── CatalogError   a catalog has mistakes; carries all of them
│   ├── BadRequest     a request or a file is not what it claims to be
│   ├── NotFound       nothing is there under that name
│   ├── NotSupported   documented, but not in this version
│   └── StoreInUse     another process holds the data folder
└── Unavailable        not now; trying again may help
    ├── StoreUnavailable   ClickHouse cannot be reached or is overloaded
    └── SpoolFull          the durable spool has reached its limit
"""

from __future__ import annotations

from dataclasses import dataclass


class ThroughlineError(Exception):
    """The root; its text is one sentence for a person: what, where, what to do."""

    retryable = False


class Refused(ThroughlineError):
    """What was asked cannot be done; trying again changes nothing."""


class BadRequest(Refused):
    """A request or a file is not what it claims to be."""


class NotFound(Refused):
    """Nothing is there under that name."""


class NotSupported(Refused):
    """Documented, but not in this version."""


class StoreInUse(Refused):
    """Another process holds the data folder."""


class Unavailable(ThroughlineError):
    """Not now; trying again may help."""

    retryable = True


class StoreUnavailable(Unavailable):
    """ClickHouse cannot be reached or is overloaded."""


class SpoolFull(Unavailable):
    """The durable spool has reached its limit."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a catalog: file, path in it (`milestones[2].match`), what is wrong, what may be meant."""

    file: str
    path: str
    message: str
    hint: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class CatalogError(Refused):
    """A catalog has mistakes; `problems` lists every one found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
