"""Cuts a text into chunks of whole records, bounded in bytes and lines, the same ones every time it is read.

Where records end is decided by regular expressions and searches that run in C; no record is looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collector.importing.source import SourceFile
from model import BadRequest

CHUNK_BYTES = 8 << 20
CHUNK_LINES = 65_536
RECORD_BYTES = 64 << 20
"""The longest record accepted; a quote that is never closed ends here."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole records of a text: bytes `byte_from` (inclusive) to `byte_to` (exclusive), starting on line `line_from`.

    Where a quote is never closed, `unclosed` says at which byte of `data` its record begins.
    """

    number: int
    data: bytes
    byte_from: int
    byte_to: int
    line_from: int
    lines: int
    unclosed: int | None = None


class Chunks:
    """Iterates the chunks of a text from `line_from` on, where a record must start; that is at its byte `byte_from`.

    `quote` is the character that may hide line ends, empty where lines are records.
    """

    def __init__(
        self,
        source: SourceFile,
        *,
        byte_from: int,
        line_from: int,
        number: int = 0,
        delimiter: str = "",
        quote: str = "",
        max_bytes: int = CHUNK_BYTES,
        max_lines: int = CHUNK_LINES,
    ) -> None:
        self._source = source
        self._buffer = bytearray(source.skip_lines(line_from - 1))
        self._byte, self._line, self._number = byte_from, line_from, number
        self._quote = quote.encode()
        self._records = _whole_records(delimiter.encode(), self._quote) if quote else None
        self._max_bytes, self._max_lines = max_bytes, max_lines
        self._ended = False

    def exact(self, lines: int) -> Chunk:
        """The chunk of exactly so many lines: one that an earlier run has begun."""
        while not self._ended and self._buffer.count(b"\n") < lines:
            self._fill(len(self._buffer) + self._max_bytes)
        parts = bytes(self._buffer).split(b"\n", lines)
        if len(parts) > lines:
            return self._cut(len(self._buffer) - len(parts[lines]))
        if len(parts) < lines or not parts[-1]:
            raise BadRequest(f"{self._source.path} ends before the place where its import had stopped.")
        return self._cut(len(self._buffer))

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            self._fill(self._max_bytes)
            if not self._buffer:
                return
            yield self._cut(self._boundary())

    def _fill(self, size: int) -> None:
        while not self._ended and len(self._buffer) < size:
            data = self._source.read(size - len(self._buffer))
            self._ended = not data
            self._buffer += data

    def _boundary(self) -> int:
        wanted = self._max_bytes
        while True:
            part = bytes(self._buffer[:wanted])
            if self._ended and len(self._buffer) <= wanted and part.count(b"\n") <= self._max_lines:
                return len(part)
            end = self._bounded(part)
            if end:
                return end
            if wanted >= RECORD_BYTES:
                raise BadRequest(
                    f"{self._source.path}: the record on line {self._line:,} is longer than {RECORD_BYTES >> 20} MB; "
                    "a quote may be missing."
                )
            wanted *= 2
            self._fill(wanted)

    def _bounded(self, part: bytes) -> int:
        end = self._last_end(part)
        while end and part.count(b"\n", 0, end) > self._max_lines:
            fewer = self._last_end(part[: end // 2])
            if not fewer:
                break
            end = fewer
        return end

    def _last_end(self, part: bytes) -> int:
        if self._records is None or self._quote not in part:
            return part.rfind(b"\n") + 1
        found = self._records.match(part)
        return found.end() if found else 0

    def _unclosed(self, data: bytes) -> int | None:
        """Where the record begins whose quote is still open at the end; only the last chunk can have one."""
        if self._records is None or self._quote not in data:
            return None
        found = self._records.match(data if data.endswith(b"\n") else data + b"\n")
        end = found.end() if found else 0
        return end if end < len(data) else None

    def _cut(self, size: int) -> Chunk:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        unclosed = None if self._buffer else self._unclosed(data)
        chunk = Chunk(self._number, data, self._byte, self._byte + size, self._line, lines, unclosed)
        self._number += 1
        self._byte += size
        self._line += lines
        return chunk


def _whole_records(delimiter: bytes, quote: bytes) -> re.Pattern[bytes]:
    """As many whole records as there are from the start; a quote opens a field only where a field begins."""
    d, q = re.escape(delimiter), re.escape(quote)
    quoted = rb" *+%b(?:[^%b]++|%b%b)*+%b[^%b\n]*+" % (q, q, q, q, q, d)
    plain = rb"[^%b%b\n][^%b\n]*+" % (q, d, d)
    field = rb"(?:%b|%b)?+" % (quoted, plain)
    return re.compile(rb"(?:%b(?:%b%b)*+\n)*+" % (field, d, field))
