"""Finds the requests of a segment that ClickHouse refuses: halves of it are tried, storing nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from collector.decode import probe_of
from collector.durable_file import write_synced
from collector.record import Contents, Record, joined
from collector.redaction import Redactions
from collector.sealing import in_memory
from collector.segment import ClosedSegment
from model import StoreUnavailable, ThroughlineError
from store import StatementFailed, Store

_MEMORY_LIMIT_EXCEEDED = 241
_OF_THE_QUERY = re.compile(r"(?i)query memory limit|memory limit \(for query\)")
_NAME = re.compile(r"(?s).*\(([A-Z][A-Z0-9_]+)\)(?: \((?:version|for url) .*)?\s*$")
"""The name stands at the end, followed at most by who says so."""


class Bisection:
    """Tries parts of segments; with `sealed` no plain text is written to disk for it."""

    def __init__(self, store: Store, redactions: Redactions, *, sealed: bool) -> None:
        self._store = store
        self._redactions = redactions
        self._sealed = sealed

    def refusal(self, segment: ClosedSegment, data: bytes) -> ThroughlineError | None:
        """Why ClickHouse would refuse these bytes as the segment's; None where it would not.

        Raises what prevents an answer.
        """
        redaction = self._redactions.of(segment.tenant)
        try:
            if not self._store.is_embedded:
                statement = probe_of(segment.signal, segment.tenant, segment.id, None, redaction)
                self._store.insert_raw(statement, data, "ProtobufSingle")
            else:
                beside = segment.path.with_suffix(".probe").absolute()
                with in_memory(data) if self._sealed else _written(beside, data) as path:
                    self._store.execute(probe_of(segment.signal, segment.tenant, segment.id, path, redaction))
        except StatementFailed as error:
            return error
        except StoreUnavailable as error:
            if not takes_too_much(error):
                raise
            return error
        return None

    def offenders(self, segment: ClosedSegment, data: bytes, contents: Contents) -> Iterator[tuple[Record, str]]:
        """The requests that are refused, with the reason, one after another; whoever has enough stops asking."""
        yield from self._among(segment, data, contents, contents.records)

    def _among(
        self, segment: ClosedSegment, data: bytes, contents: Contents, records: Sequence[Record]
    ) -> Iterator[tuple[Record, str]]:
        error = self.refusal(segment, joined(data, contents, records))
        if error is None:
            return
        if len(records) == 1:
            yield records[0], named(error)
            return
        middle = len(records) // 2
        yield from self._among(segment, data, contents, records[:middle])
        yield from self._among(segment, data, contents, records[middle:])


def takes_too_much(error: ThroughlineError) -> bool:
    """Whether a statement failed because it took more memory than one may, for which its data is to blame.

    ClickHouse gives the same number where all statements together take too much, for which it is not.
    """
    return _code(error) == _MEMORY_LIMIT_EXCEEDED and _OF_THE_QUERY.search(f"{error} {error.__cause__}") is not None


def named(error: ThroughlineError) -> str:
    """ClickHouse's name and number of an error.

    Its text may quote values of senders, which belong neither into a log nor, unencrypted and unredacted, on disk.
    """
    name = _NAME.match(str(error.__cause__ or error))
    return f"{name[1] if name else 'an error without a name'} ({_code(error) or 'without a number'})"


def _code(error: ThroughlineError) -> int | None:
    return getattr(error, "code", None) or getattr(error.__cause__, "code", None)


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    write_synced(path, data)
    try:
        yield path
    finally:
        path.unlink()
