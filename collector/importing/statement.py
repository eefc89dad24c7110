"""Compiles a mapping to SQL: the statements that turn the bytes of a chunk into log records and into rejected rows.

Both read the chunk as text columns and decide the reason per row in one place, so that every row is in exactly one of
the two. Texts of people (names, sources, values) are bound; identifiers are ours (`r0` the first column as read, `c0`
the same without NULL); expressions come generated from `importing.expression`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.importing import expression, time_format
from collector.importing.mapping import Expression, FileFormat, ImportMapping
from collector.redaction import MASK, TenantRedaction
from store import Sql

SPARE_COLUMNS = 9
"""Columns read beyond the header, so that a row with too many is seen and kept.

What follows them is not read. So a row that has the last of them has too many, and any other where it is not empty.
"""

EVENT_SOURCE = "cloudevents.event_source"
EVENT_ID = "cloudevents.event_id"

_EARLIEST = "toDateTime64('1900-01-01 00:00:00', 6, 'UTC')"
_LATEST = "toDateTime64('2262-01-01 00:00:00', 6, 'UTC')"

_ONE_PART = (
    "max_threads = 1, max_insert_threads = 1, input_format_parallel_parsing = 0, max_insert_block_size = 100000000, "
    "min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, input_format_null_as_default = 0"
)
"""One thread, one block, one part: rows keep their order and a chunk is stored whole or not at all."""


_LONG_NUMBER = r'([^\\:,\[{\s]"\s*:\s*)(-?[0-9.]{17,}(?:[eE][+-]?[0-9]+)?)'
"""A number of JSON that may have more digits than the engine keeps of one that is no integer, and what precedes it: the
quote that ends a name, not one within or at the beginning of a text."""


_ALL = (1 << 64) - 1

_SAMPLES = ("", "20260102", "2026-01-02 03:04:05")
"""Values that the functions of an expression take for texts, numbers, dates and times."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a chunk is read as: `columns` of the header (none for JSON lines), `delimiter` and `quote` one character."""

    format: FileFormat
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    """What the file is in, for messages; it is read in UTF-8."""
    blanks: bool = False
    """Whether quotes may follow blanks."""

    @property
    def engine_format(self) -> str:
        """The name of ClickHouse's input format."""
        return "CSV" if self.format is FileFormat.CSV else "LineAsString"

    @property
    def structure(self) -> str:
        """Names and types of the columns as read."""
        if self.format is not FileFormat.CSV:
            return "line String"
        names = [f"r{i}" for i in range(len(self.columns))] + [f"e{i}" for i in range(SPARE_COLUMNS)]
        return ", ".join(f"{name} Nullable(String)" for name in names)

    @property
    def settings(self) -> str:
        """What the statement sets so that nothing is guessed, trimmed or dropped while reading."""
        if self.format is not FileFormat.CSV:
            return _ONE_PART
        tab = ", input_format_csv_allow_whitespace_or_tab_as_delimiter = 1" if self.delimiter in "\t " else ""
        single, double = (1, 0) if self.quote == "'" else (0, 1)
        return (
            f"{_ONE_PART}, input_format_csv_allow_variable_number_of_columns = 1, "
            "input_format_csv_empty_as_default = 0, "
            f"input_format_csv_trim_whitespaces = {int(self.blanks)}, "
            "format_csv_null_representation = '\\x01\\x02\\x03', "
            f"format_csv_allow_single_quotes = {single}, format_csv_allow_double_quotes = {double}, "
            f"format_csv_delimiter = {_text(self.delimiter)}{tab}"
        )


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """The constants of one chunk's rows."""

    tenant: str
    import_id: str
    chunk: int
    segment_id: str
    received_at: datetime
    line_from: int
    spans_lines: bool
    """Whether a row may hold line breaks, so that counting rows does not count lines."""
    odd_bytes: bool
    """Whether a row may hold bytes that are nothing in the encoding of the file."""
    whole_rows: int = _ALL
    """How many rows precede a quote that is never closed."""


class Statements:
    """The statements of one import; raises ValueError where the mapping names a column the file does not have."""

    def __init__(self, mapping: ImportMapping, shape: Shape, redaction: TenantRedaction | None = None) -> None:
        self._redaction = redaction or TenantRedaction()
        self._mapping = mapping
        self._shape = shape
        self._names: dict[str, str] = {}
        self._position = {name: index for index, name in reversed(list(enumerate(shape.columns)))}
        self._covered = self._covered_columns()
        self._values = self._attributes()
        self._judged = self._judged_rows()

    def accept(self, rows: ChunkRows, source: Sql) -> Sql:
        """INSERT of the accepted rows into `otel_logs`, for `source` (`file(...)` or `input(...)`)."""
        attributes = self._redaction.attributes(
            f"mapFilter((k, v) -> notEmpty(trimBoth(v)), map({', '.join(self._values)}))"
        )
        event_name = self._redaction.event_name("type")
        return Sql(
            "INSERT INTO otel_logs "
            "(Timestamp, ServiceName, EventName, LogAttributes, ReceivedAt, Tenant, SegmentId) "
            f"SETTINGS {self._settings(rows)} "
            f"SELECT CAST(occurred, 'DateTime64(9, \\'UTC\\')'), {{event_source:String}}, {event_name.text}, "
            f"{attributes.text}, "
            "{received_at:DateTime64(6, 'UTC')}, {tenant:String}, {segment_id:String} "
            f"FROM ({self._judged.replace('/*source*/', source.text)}) WHERE reason = ''",
            {
                **self._params(odd_bytes=rows.odd_bytes, whole_rows=rows.whole_rows),
                **source.params,
                **attributes.params,
                **event_name.params,
                "received_at": rows.received_at,
                "tenant": rows.tenant,
                "segment_id": rows.segment_id,
            },
        )

    def reject(self, rows: ChunkRows, source: Sql) -> Sql:
        """INSERT of the refused rows into `import_rejects`."""
        line = "{line_from:UInt64} + n"
        if rows.spans_lines:
            breaks = "arraySum(x -> countSubstrings(x, '\\n'), cells)"
            line += (
                f" + sum({breaks}) OVER (ORDER BY n ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - {breaks}"
            )
        kept = self._cells_kept()
        return Sql(
            "INSERT INTO import_rejects (tenant, import_id, chunk, line, reason, cells, rejected_at) "
            f"SETTINGS {self._settings(rows)} "
            "SELECT {tenant:String}, {import_id:String}, {chunk:UInt32}, line, reason, kept, "
            "{received_at:DateTime64(6, 'UTC')} "
            f"FROM (SELECT {line} AS line, reason, {kept.text} AS kept "
            f"FROM ({self._judged.replace('/*source*/', source.text)})) "
            "WHERE reason NOT IN ('', 'blank')",
            {
                **self._params(odd_bytes=rows.odd_bytes, whole_rows=rows.whole_rows),
                **source.params,
                **kept.params,
                "tenant": rows.tenant,
                "import_id": rows.import_id,
                "chunk": rows.chunk,
                "line_from": rows.line_from,
                "received_at": rows.received_at,
            },
        )

    def check(self, attribute: str | None = None) -> Sql:
        """A SELECT over sample rows that fails where an expression does not fit together, or where that one does.

        Types, patterns and formats are looked at only where there are values, and what is behind a condition only where
        it holds.
        """
        if self._shape.format is FileFormat.CSV:
            names = [each.split(" ")[0] for each in self._shape.structure.split(", ")]
            columns = ", ".join(f"CAST(x, 'Nullable(String)') AS {name}" for name in names)
            samples = [*_SAMPLES]
        else:
            read = {name for names in self._mapping.columns().values() for name in names}
            columns = "x AS line"
            samples = [json.dumps(dict.fromkeys(read, each)) for each in _SAMPLES]
        source = f"(SELECT {columns} FROM (SELECT arrayJoin({{samples:Array(String)}}) AS x))"
        at = 2 * list(self._mapping.attributes).index(attribute) if attribute is not None else 0
        values = self._values if attribute is None else self._values[at : at + 2]
        return Sql(
            f"SELECT type, id, occurred, map({', '.join(values)}) AS attributes "
            f"FROM ({self._judged.replace('/*source*/', source)}) "
            f"SETTINGS {time_format.SETTINGS}, short_circuit_function_evaluation = 'disable'",
            {**self._params(), "samples": samples},
        )

    def _cells_kept(self) -> Sql:
        """The cells of a refused row as they may be stored: what feeds a redacted attribute is masked."""
        if not self._redaction.rules:
            return Sql("cells")
        masked = self._masked_cells() if self._shape.format is FileFormat.CSV else [1] if self._covered else []
        inside = self._redaction.json_text("x")
        # Of a row with too few or too many columns nobody knows which cell is which.
        return Sql(
            f"arrayMap((x, i) -> if(malformed != '' OR has({{masked_cells:Array(UInt32)}}, i), '{MASK}', "
            f"{inside.text}), cells, arrayEnumerate(cells))",
            {**inside.params, "masked_cells": masked},
        )

    def _masked_cells(self) -> list[int]:
        return [index + 1 for index, column in enumerate(self._shape.columns) if column in self._covered]

    def _covered_columns(self) -> set[str]:
        """The columns that are, or feed, what some rule is about."""
        feeds = {column: {column} for column in self._shape.columns}
        if self._mapping.id:
            feeds.setdefault(self._mapping.id, {self._mapping.id}).add(EVENT_ID)
        for name, given in self._mapping.attributes.items():
            for column in expression.columns_of(given.sql) if isinstance(given, Expression) else (given,):
                feeds.setdefault(column, {column}).add(name)
        covered = {column for column, names in feeds.items() if any(map(self._redaction.covers, names))}
        if self._redaction.covers_text("event_name") and self._mapping.type.column:
            covered.add(self._mapping.type.column)
        return covered

    def _settings(self, rows: ChunkRows) -> str:
        return f"{self._shape.settings}, {time_format.SETTINGS}, log_comment = {_text(import_mark(rows.segment_id))}"

    def _params(self, *, odd_bytes: bool = False, whole_rows: int = _ALL) -> Mapping[str, Any]:
        given = {"odd_bytes": int(odd_bytes), "whole_rows": whole_rows}
        return {**self._names, **given, "event_source": self._mapping.source}

    def _bound(self, value: str) -> str:
        name = f"s{len(self._names)}"
        self._names[name] = value
        return f"{{{name}:String}}"

    def _column(self, name: str) -> str:
        if self._shape.format is FileFormat.CSV:
            if name not in self._position:
                raise ValueError(f"the file has no column {name!r}")
            return f"c{self._position[name]}"
        whole = _json_value(_text(name))
        nested = f", {_json_value(', '.join(_text(step) for step in name.split('.')))}" if "." in name else ""
        return f"coalesce({whole}{nested}, '')"

    def _attributes(self) -> list[str]:
        pairs: list[str] = []
        for name, given in self._mapping.attributes.items():
            if isinstance(given, Expression):
                value = f"ifNull(toString({expression.compiled(given.sql, self._column)}), '')"
            else:
                value = self._column(given)
            pairs += [self._bound(name), value]
        return [*pairs, f"'{EVENT_SOURCE}'", "{event_source:String}", f"'{EVENT_ID}'", "id"]

    def _judged_rows(self) -> str:
        mapping, csv = self._mapping, self._shape.format is FileFormat.CSV
        count = len(self._shape.columns)
        wanted = {self._position.get(name, 0) for names in mapping.columns().values() for name in names}
        clean = [f"ifNull(r{i}, '') AS c{i}" for i in sorted(wanted)] if csv else []
        each = ", ".join([f"r{i}" for i in range(count)] + [f"e{i}" for i in range(SPARE_COLUMNS)])
        whole = f"arrayMap(x -> assumeNotNull(x), arrayFilter(x -> x IS NOT NULL, [{each}]))" if csv else "[line]"
        odd = "{odd_bytes:UInt8} AND arrayExists(x -> NOT isValidUTF8(x), whole)"
        identity = self._column(mapping.id) if mapping.id else self._hash_of_row()
        kind = self._column(mapping.type.column) if mapping.type.column else self._bound(mapping.type.value or "")
        columns = ", ".join(
            [
                "rowNumberInAllBlocks() AS n",
                f"{whole} AS whole",
                "if({odd_bytes:UInt8}, arrayMap(x -> toValidUTF8(x), whole), whole) AS cells",
                *(clean or ["line", f"{_long_numbers_quoted()} AS quoted"]),
                f"if({odd}, {_text(f'not {self._shape.encoding}')}, {self._malformed()}) AS malformed",
                f"trimBoth({kind}) AS type",
                f"{identity} AS id",
                f"trimBoth({self._column(mapping.time.column)}) AS time_text",
            ]
        )
        formats = ", ".join(time_format.compiled(each, "time_text", mapping.time.zone) for each in mapping.time.format)
        where = _text(f"column {mapping.time.column}")
        reason = (
            "multiIf(malformed != '', malformed, "
            f"empty(trimBoth(id)), {self._bound(f'no id in column {mapping.id}')}, "
            f"empty(type), {self._bound(f'no type in column {mapping.type.column}')}, "
            f"empty(time_text), concat('no time in ', {where}), "
            f"parsed IS NULL, concat('unreadable time in ', {where}), "
            f"occurred IS NULL, concat('time out of range in ', {where}), '')"
        )
        return (
            f"SELECT *, if(parsed >= {_EARLIEST} AND parsed < {_LATEST}, parsed, NULL) AS occurred, {reason} AS reason "
            f"FROM (SELECT *, coalesce({formats}) AS parsed FROM (SELECT {columns} FROM /*source*/))"
        )

    def _hash_of_row(self) -> str:
        """The identity of a row without one: of redacted values it must tell nothing to who can try them all."""
        csv = self._shape.format is FileFormat.CSV
        row = "cells" if csv else "line"
        if self._covered and self._redaction.key:
            self._names["redact_key"] = self._redaction.key
            return f"substring(lower(hex(HMAC('sha256', hex(sipHash128({row})), {{redact_key:String}}))), 1, 32)"
        if self._covered and csv:
            row = f"arrayMap((x, i) -> if(has({self._masked_cells()}, i), '', x), cells, arrayEnumerate(cells))"
        elif self._covered:
            members = {step for name in self._covered for step in (name, name.split(".")[0])}
            names = ", ".join(self._bound(each) for each in sorted(members))
            row = f"arrayFilter(x -> NOT has([{names}], x.1), JSONExtractKeysAndValuesRaw(line))"
        return f"lower(hex(sipHash128({row})))"

    def _malformed(self) -> str:
        if self._shape.format is not FileFormat.CSV:
            blank = "NOT match(line, '[^ \\\\t\\\\r]')"
            return f"multiIf({blank}, 'blank', JSONType(line) != 'Object', 'not a JSON object', '')"
        filled = [f"notEmpty(ifNull(e{i}, ''))" for i in range(SPARE_COLUMNS - 1)]
        beyond = " OR ".join([*filled, f"e{SPARE_COLUMNS - 1} IS NOT NULL"])
        last = len(self._shape.columns) - 1
        blank = "r0 IS NULL" if last else "empty(ifNull(r0, ''))"
        return (
            f"multiIf({blank}, 'blank', n >= {{whole_rows:UInt64}}, 'a quote in or before it is never closed', "
            f"r{last} IS NULL, 'fewer columns than the header', "
            f"{beyond}, 'more columns than the header', '')"
        )


def import_mark(segment_id: str) -> str:
    """What a statement of this segment carries as log_comment, so that one still running can be found and ended."""
    return f"throughline import {segment_id}"


def missing_columns(mapping: ImportMapping, columns: Sequence[str]) -> list[tuple[str, str]]:
    """The (path in the mapping, column) pairs that a file with these columns does not have."""
    known = set(columns)
    return [(path, name) for path, names in mapping.columns().items() for name in names if name not in known]


def _long_numbers_quoted() -> str:
    """The JSON in `line` with long numbers as texts, empty where it has none."""
    number, by = _text(_LONG_NUMBER), _text(r'\1"\2"')
    return f"if(match(line, {number}), replaceRegexpAll(line, {number}, {by}), '')"


def _json_value(path: str) -> str:
    """The text of a value of the JSON in `line`, NULL where there is none; long numbers keep all their digits."""
    value = f"JSONExtract(line, {path}, 'Nullable(String)')"
    written = f"nullIf(JSONExtractString(quoted, {path}), '')"
    return f"if(notEmpty(quoted) AND JSONType(line, {path}) = 'Double', coalesce({written}, {value}), {value})"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\t", "\\t").replace("\n", "\\n")
    return f"'{escaped}'"
