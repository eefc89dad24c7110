"""What dialect of CSV a file is written in, found from its beginning and from the columns the mapping expects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from model import BadRequest

DELIMITERS = ",;\t|"

_SAMPLE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. `skip` bytes and `lines` lines are before the first record of data."""

    delimiter: str
    quote: str
    columns: tuple[str, ...]
    skip: int
    lines: int


def sniffed(head: bytes, wanted: Iterable[str], name: str) -> Dialect:
    """The dialect of a text from its first bytes; the one whose header has most of the `wanted` columns wins.

    `name` is the file's, for messages. Raises `BadRequest` where there is no header.
    """
    text = (head[: head.rfind(b"\n") + 1] or head).decode("utf-8", "replace")
    declared, before = _declared(text)
    expected = set(wanted)
    quote = "'" if '"' not in text and any(f"{d}'" in text or f"'{d}" in text for d in DELIMITERS) else '"'
    best = max((declared or DELIMITERS), key=lambda each: _score(text[len(before) :], each, quote, expected))
    header, rest = _header(text[len(before) :], best, quote)
    columns = tuple(each.strip() for each in header)
    if not any(columns):
        raise BadRequest(f"{name} is empty: its first line must name the columns.")
    before_rest = text[: len(text) - len(rest)]
    lines = before_rest.count("\n") + (not before_rest.endswith("\n"))
    skip = sum(len(line) + 1 for line in head.split(b"\n", lines)[:lines]) if rest else len(head)
    return Dialect(best, quote, columns, skip, lines)


def rewritten(chunk: bytes, delimiter: str, quote: str) -> bytes:
    """The same records with the quotes put right, for records a strict reader refuses (`"abc"def`)."""
    out = io.StringIO(newline="")
    text = chunk.decode("utf-8", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator="\n").writerows(reader)
    return out.getvalue().encode("utf-8", "surrogateescape")


def _declared(text: str) -> tuple[str, str]:
    first, end, _ = text.partition("\n")
    stripped = first.strip().strip('"')
    return (stripped[4], first + end) if stripped.lower().startswith("sep=") and len(stripped) == 5 else ("", "")


def _header(text: str, delimiter: str, quote: str) -> tuple[list[str], str]:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    header: list[str] = []
    taken = 0
    for header in reader:
        taken = reader.line_num
        if any(each.strip() for each in header):
            break
    rest = text
    for _ in range(taken):
        rest = rest[rest.find("\n") + 1 :] if "\n" in rest else ""
    return header, rest


def _score(text: str, delimiter: str, quote: str, wanted: set[str]) -> tuple[int, float, int]:
    rows = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote):
        if row:
            rows.append(row)
        if len(rows) >= _SAMPLE_ROWS:
            break
    if not rows:
        return (0, 0.0, 0)
    width = len(rows[0])
    found = len(wanted & {each.strip() for each in rows[0]})
    even = sum(len(row) == width for row in rows) / len(rows)
    return (found, even if width > 1 else 0.0, width)
