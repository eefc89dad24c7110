"""Makes what was written to segments durable: by the journal while much comes in, else each segment by itself.

The journal is made when a quarter of its size came in within a minute, and is deleted after a minute in which far less
did: a spool with little to do needs none, and what has been done with does not lie in it for long.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from contextlib import suppress
from pathlib import Path

from collector.journal import Journal, remove
from collector.open_segment import OpenSegment, Piece

_log = logging.getLogger(__name__)


class Committer:
    """`commit`, `look` and `close` belong to the thread that writes segments; any thread may `settle` and `forget`.

    With `journal_bytes` 0 there is never a journal.
    """

    def __init__(self, folder: Path, journal_bytes: int, *, window_seconds: float = 60.0) -> None:
        self._folder = folder
        self._size = journal_bytes
        self._window_seconds = window_seconds
        self._enough = journal_bytes // 4 or math.inf
        self._journal: Journal | None = None
        self._maker: threading.Thread | None = None
        self._since = time.monotonic()
        self._bytes = 0

    def commit(self, written: list[tuple[OpenSegment, Piece]]) -> list[OSError | None]:
        """Make all pieces durable; for each what prevented it, and its segment is then only to be closed."""
        self._bytes += sum(piece.size for _, piece in written)
        if self._in_journal([piece for _, piece in written]):
            for segment, _ in written:
                segment.committed()
            return [None] * len(written)
        return [self._by_itself(segment) for segment, _ in written]

    def forget(self, segment_id: str) -> None:
        """A segment's file is gone."""
        if (journal := self._journal) is not None:
            journal.forget(segment_id)

    def settle(self, segment_id: str) -> None:
        """Before a closed segment's file is replaced: have nothing written to it again. Raises OSError."""
        if (journal := self._journal) is not None:
            journal.settle(segment_id)

    def look(self) -> None:
        """Now and then: make the journal, or delete it."""
        if self._bytes >= self._enough and self._journal is None and self._maker is None:
            self._begin_to_make()
        if time.monotonic() - self._since >= self._window_seconds:
            if self._bytes < self._enough / 4:
                self.close()
            self._since, self._bytes = time.monotonic(), 0

    def patience(self) -> float | None:
        """In how many seconds to `look` at the latest; None: not before more is committed."""
        return self._window_seconds if self._journal is not None else None

    def close(self) -> None:
        """Make everything durable by itself and delete the journal; a later `look` may make it again."""
        if self._maker is not None:
            self._maker.join()
            self._maker = None
        if self._journal is None or self._journal.is_closed:
            return
        try:
            self._journal.close()
        except OSError as error:
            _log.error("what is in the journal in %s stays there for the next start: %s", self._folder, error)
        else:
            self._journal = None

    def _begin_to_make(self) -> None:
        maker = threading.Thread(target=self._make, name="spool journal", daemon=True)
        try:
            maker.start()
        except RuntimeError as error:  # the system gives no more threads
            self._do_without(error)
        else:
            self._maker = maker

    def _do_without(self, error: Exception) -> None:
        _log.warning("no journal in %s, so every segment is synced: %s", self._folder, error)
        self._enough = math.inf

    def _make(self) -> None:
        try:
            self._journal = Journal(self._folder, self._size)
        except OSError as error:
            self._do_without(error)
            with suppress(OSError):
                remove(self._folder)

    def _in_journal(self, pieces: list[Piece]) -> bool:
        if self._journal is None or self._journal.is_closed:
            return False
        try:
            return self._journal.append(pieces)
        except (OSError, RuntimeError) as error:  # the latter where the system gives no more threads
            _log.error("the journal in %s cannot be written, so every segment is synced: %s", self._folder, error)
            self._enough = math.inf
            self.close()
            return False

    def _by_itself(self, segment: OpenSegment) -> OSError | None:
        try:
            segment.sync()
            self.settle(segment.id)
        except OSError as error:
            return error
        segment.committed()
        return None
