"""What dialect of CSV a file is written in, found from its beginning and from the columns the mapping expects."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from collector.importing.source import HEAD_BYTES, HEADER_BYTES
from model import BadRequest

DELIMITERS = ",;\t|"

FIELD_CHARACTERS = 16 << 20
"""The longest field of a chunk whose quotes must be put right; Python's own bound is met by texts of real files."""

MAX_COLUMNS = 4_000
"""The most columns of a file; a statement that reads many more is too large for the engine."""

csv.field_size_limit(FIELD_CHARACTERS)

_SAMPLE_ROWS = 50
_LAST_RECORD = 4_096


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. `skip` bytes and `lines` lines are before the first record of data."""

    delimiter: str
    quote: str
    columns: tuple[str, ...]
    skip: int
    lines: int


def sniffed(
    head: bytes, wanted: Iterable[str], name: str, *, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """The dialect of a text from its first bytes; the one whose header has most of the `wanted` columns wins.

    `name` is the file's, for messages; `delimiter` and `quote` are looked for where they are None. Raises `BadRequest`
    where there is no header, or one that is too long or has too many columns.
    """
    text = (head[: head.rfind(b"\n") + 1] or head).decode("utf-8", "replace")
    declared, before = _declared(text)
    sample, expected, cut = text[len(before) :], set(wanted), len(head) >= HEAD_BYTES
    if len(head) >= HEADER_BYTES and ("\n" not in sample or not sample.strip()):
        raise BadRequest(f"{name} cannot be read: the line that names its columns is longer than 1 MB.")

    def tried(each: str) -> tuple[tuple[int, float, int], str, str]:
        used = quote or _quote(sample, each, cut=cut)
        return _score(sample, each, used, expected), each, used

    _, best, used = max((tried(each) for each in delimiter or declared or DELIMITERS), key=lambda each: each[0])
    header, rest = _header(sample, best, used)
    columns = tuple(each.strip() for each in header)
    if not any(columns):
        raise BadRequest(f"{name} is empty: its first line must name the columns.")
    if len(columns) > MAX_COLUMNS:
        raise BadRequest(f"{name} has {len(columns):,} columns; at most {MAX_COLUMNS:,} are read.")
    before_rest = text[: len(text) - len(rest)]
    lines = before_rest.count("\n") + (not before_rest.endswith("\n"))
    skip = sum(len(line) + 1 for line in head.split(b"\n", lines)[:lines]) if rest else len(head)
    return Dialect(best, used, columns, skip, lines)


def rewritten(chunk: bytes, delimiter: str, quote: str, *, name: str, line_from: int) -> bytes:
    """The same records with the quotes put right, for records a strict reader refuses (`"abc"def`).

    `name` is the file's and `line_from` the chunk's first line, for messages. Raises `BadRequest` where a field is too
    long to be meant.
    """
    out = io.StringIO(newline="")
    text = chunk.decode("utf-8", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator="\n").writerows(reader)
    except csv.Error as error:
        line = line_from + reader.line_num - 1
        raise BadRequest(f"{name} cannot be read on line {line:,}: {error}; a quote may be missing.") from error
    return out.getvalue().encode("utf-8", "surrogateescape")


def with_lines_apart(
    chunk: bytes, at: int, delimiter: str, quote: str, *, name: str, line_from: int
) -> tuple[bytes, int]:
    """The records before byte `at` as `rewritten` gives them, and from there on each line as a record of one field.

    Gives also how many records there are before. A reader would make one of all that follows a quote never closed.
    """
    before = rewritten(chunk[:at], delimiter, quote, name=name, line_from=line_from)
    text = before.decode("utf-8", "surrogateescape")
    records = sum(1 for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote))
    out = io.StringIO(newline="")
    lines = chunk[at:].removesuffix(b"\n").decode("utf-8", "surrogateescape").split("\n")
    cells = ([line.removesuffix("\r")] if line.strip() else [] for line in lines)
    csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator="\n").writerows(cells)
    return before + out.getvalue().encode("utf-8", "surrogateescape"), records


def _quote(text: str, delimiter: str, *, cut: bool) -> str:
    """The quote of a text: an apostrophe only where every field that begins with one ends with one.

    Else it is part of a text, as in the town of 's-Hertogenbosch. A text that is `cut` may end within a field.
    """
    if '"' in text or not re.search(rf"(?:^|{re.escape(delimiter)}) *'", text, re.MULTILINE):
        return '"'
    whole = text if text.endswith("\n") else text + "\n"
    found = _closed_records(delimiter).match(whole)
    closed = found.end() if found else 0
    within = cut and "'" in whole[:closed] and len(whole) - closed < _LAST_RECORD
    if closed < len(whole) and not within:
        return '"'
    return "'" if _score(text, delimiter, "'", set())[1] >= _score(text, delimiter, '"', set())[1] else '"'


def _closed_records(delimiter: str) -> re.Pattern[str]:
    d = re.escape(delimiter)
    field = rf"(?: *+'(?:[^']|'')*+' *+|(?! *')[^{d}\n]*+)"
    return re.compile(rf"(?:{field}(?:{d}{field})*+\n)*+")


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
