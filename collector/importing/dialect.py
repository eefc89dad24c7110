"""What dialect of CSV a file is written in, found from its beginning and from the columns the mapping expects."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.importing.source import HEAD_BYTES, HEADER_BYTES
from model import BadRequest

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",;\t|"

FIELD_CHARACTERS = 16 << 20
"""The longest field of a chunk whose quotes must be put right; Python's own bound is met by texts of real files."""

MAX_COLUMNS = 3_000
"""The most columns of a file; a statement that reads many more is longer than a server takes."""

csv.field_size_limit(FIELD_CHARACTERS)

_SAMPLE_ROWS = 50
_RETURN = "\ud80d"
"""Stands for a carriage return; a lone surrogate that no text has which was decoded."""

_LAST_RECORD = 4_096


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. `skip` bytes and `lines` lines are before the first record of data.

    `blanks` says that quotes may follow blanks (`1, "a, b"`); then blanks around what is not quoted are not meant.
    """

    delimiter: str
    quote: str
    blanks: bool
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

    def tried(each: str) -> tuple[tuple[int, float, int], str, str, bool]:
        used = quote or _quote(sample, each, cut=cut)
        blanks = _blanks_before_quotes(sample, each, used) and _all_close(sample, each, used, cut=cut)
        return _score(sample, each, used, expected, blanks=blanks), each, used, blanks

    _, best, used, blanks = max((tried(each) for each in delimiter or declared or DELIMITERS), key=lambda each: each[0])
    header, rest = _header(sample, best, used, blanks=blanks)
    columns = tuple(each.replace(_RETURN, "\r").strip() for each in header)
    if not any(columns):
        raise BadRequest(f"{name} is empty: its first line must name the columns.")
    if len(columns) > MAX_COLUMNS:
        raise BadRequest(f"{name} has {len(columns):,} columns; at most {MAX_COLUMNS:,} are read.")
    before_rest = text[: len(text) - len(rest)]
    lines = before_rest.count("\n") + (not before_rest.endswith("\n"))
    skip = sum(len(line) + 1 for line in head.split(b"\n", lines)[:lines]) if rest else len(head)
    return Dialect(best, used, blanks, columns, skip, lines)


def rewritten(chunk: bytes, delimiter: str, quote: str, *, name: str, line_from: int, blanks: bool = False) -> bytes:
    """The same records with the quotes put right, for records a strict reader refuses (`"abc"def`).

    `name` is the file's and `line_from` the chunk's first line, for messages; `blanks` as in `Dialect`. Raises
    `BadRequest` where a field is too long to be meant.
    """
    out = io.StringIO(newline="")
    text = chunk.decode("utf-8", "surrogateescape")
    reader = _reader(text, delimiter, quote, blanks=blanks)
    try:
        csv.writer(
            out,
            delimiter=delimiter,
            quotechar=quote,
            # Of a text that is not quoted the blanks would be taken away.
            quoting=csv.QUOTE_ALL if blanks else csv.QUOTE_MINIMAL,
            lineterminator="\n",
        ).writerows(reader)
    except csv.Error as error:
        line = line_from + reader.line_num - 1
        raise BadRequest(f"{name} cannot be read on line {line:,}: {error}; a quote may be missing.") from error
    return out.getvalue().replace(_RETURN, "\r").encode("utf-8", "surrogateescape")


def with_lines_apart(
    chunk: bytes, at: int, delimiter: str, quote: str, *, name: str, line_from: int, blanks: bool = False
) -> tuple[bytes, int]:
    """The records before byte `at` as `rewritten` gives them, and from there on each line as a record of one field.

    Gives also how many records there are before. A reader would make one of all that follows a quote never closed.
    """
    before = rewritten(chunk[:at], delimiter, quote, name=name, line_from=line_from, blanks=blanks)
    records = sum(1 for _ in _reader(before.decode("utf-8", "surrogateescape"), delimiter, quote))
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
    if not _all_close(text, delimiter, "'", cut=cut):
        return '"'
    return "'" if _score(text, delimiter, "'", set())[1] >= _score(text, delimiter, '"', set())[1] else '"'


def _all_close(text: str, delimiter: str, quote: str, *, cut: bool) -> bool:
    """Whether every field that begins with the quote ends with one; a text that is `cut` may end within a field."""
    whole = text if text.endswith("\n") else text + "\n"
    d, q = re.escape(delimiter), re.escape(quote)
    field = rf"(?: *+{q}(?:[^{q}]|{q}{q})*+{q} *+|(?! *{q})[^{d}\n]*+)"
    found = re.match(rf"(?:{field}(?:{d}{field})*+\n)*+", whole)
    closed = found.end() if found else 0
    within = cut and quote in whole[:closed] and len(whole) - closed < _LAST_RECORD
    return closed == len(whole) or within


def _blanks_before_quotes(text: str, delimiter: str, quote: str) -> bool:
    """Whether there is a field in which blanks precede the quote it begins with."""
    d, q = re.escape(delimiter), re.escape(quote)
    fields = re.finditer(rf"( *+)({q}(?:[^{q}]|{q}{q})*+{q})?+[^{d}\n]*+(?:{d}|\n|$)", text)
    return any(field[1] and field[2] for field in fields)


def _reader(text: str, delimiter: str, quote: str, *, blanks: bool = False) -> Reader:
    """Reads the records of a text; a carriage return within one, where Python ends it, is given as `_RETURN`."""
    lines = io.StringIO(re.sub(r"\r(?!\n)", _RETURN, text), newline="")
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=blanks)


def _declared(text: str) -> tuple[str, str]:
    first, end, _ = text.partition("\n")
    stripped = first.strip().strip('"')
    return (stripped[4], first + end) if stripped.lower().startswith("sep=") and len(stripped) == 5 else ("", "")


def _header(text: str, delimiter: str, quote: str, *, blanks: bool) -> tuple[list[str], str]:
    reader = _reader(text, delimiter, quote, blanks=blanks)
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


def _score(text: str, delimiter: str, quote: str, wanted: set[str], *, blanks: bool = False) -> tuple[int, float, int]:
    rows = []
    for row in _reader(text, delimiter, quote, blanks=blanks):
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
