"""Brings a file into the received log records, exactly once, chunk by chunk.

1. The file (hash of its bytes) and the mapping (hash of what it says) name the import. A finished one is skipped, and
   one that is running is not run a second time. Where the file is changed meanwhile, it ends: what is stored under a
   hash are the bytes that have it.
2. Each chunk is recorded before its first attempt with the segment id and receive time all its rows carry, and the
   lines it holds. It is inserted by one statement as one part of one partition: wholly, or not at all.
3. Where the fate of an attempt is unknown (a run that was killed), what may still run of it is ended, then the rows of
   its segment are counted before it is inserted again (design, fact 6).
4. A chunk whose rows are proven is listed in `segments`, where the correlator takes it, then marked stored.

Rows are never looked at one by one in Python; `importing.statement` has what ClickHouse is told.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from collector.importing import chunk as chunking
from collector.importing.chunk import Chunk, Chunks
from collector.importing.dialect import rewritten, sniffed, with_lines_apart
from collector.importing.encoding import UTF8, is_utf8
from collector.importing.exclusion import alone
from collector.importing.ledger import ChunkRecord, ImportId, ImportLedger, ImportRecord
from collector.importing.mapping import Expression, FileFormat, ImportMapping
from collector.importing.original import Original
from collector.importing.parquet import has_column, is_parquet, parquet_as_json_lines
from collector.importing.paths import check_file, rejects_target
from collector.importing.report import ImportProgress, ImportReport, write_rejects
from collector.importing.source import SourceFile
from collector.importing.statement import ChunkRows, Shape, Statements, import_mark, missing_columns
from collector.importing.working_folder import working_folder
from collector.redaction import Redactions, TenantRedaction
from model import BadRequest, CatalogError, Clock, Problem
from store import Sql, StatementFailed, Store, load_query


def import_file(
    store: Store,
    path: Path,
    mapping: ImportMapping,
    *,
    clock: Clock,
    tenant: str = "default",
    rejected: Path | None = None,
    redactions: Redactions | None = None,
    chunk_bytes: int = chunking.CHUNK_BYTES,
    chunk_lines: int = chunking.CHUNK_LINES,
) -> Iterator[ImportProgress | ImportReport]:
    """Import a file step by step: the progress after each chunk, the report last.

    A file already imported with this mapping changes nothing; an interrupted import goes on where it stopped.
    `rejected` is where refused rows are written, by default `<file name>.rejected.csv` beside the file; nothing is
    written where there are none. Raises `CatalogError` where the mapping names columns the file does not have,
    `BadRequest` where the file cannot be read or changes meanwhile, or `rejected` not be written, `Refused` where it
    or a copy of it is being imported already, `NoRedactionKey` where the tenant's rules hash and there is no secret.
    """
    check_file(path)
    target = rejects_target(rejected, path, Path(mapping.file))
    with ExitStack() as stack:
        original = Original(path)
        stack.callback(original.close)
        ledger = ImportLedger(store, ImportId(tenant, original.hash, mapping.hash))
        stack.enter_context(alone(ledger, path))
        ledger, record = _known(store, ledger, mapping)
        if record is not None and record.finished_at is not None:
            yield ImportReport(record.accepted, record.rejected, reasons=ledger.reasons(), already_imported=True)
            return
        folder = stack.enter_context(working_folder())
        source = _source(path, mapping, folder)
        stack.callback(source.close)
        original.check_opened()
        redaction = (redactions or Redactions()).of(tenant)
        run = _Run(store, ledger, mapping, original, source, folder, clock, redaction)
        run.begin(record, path.name, chunk_bytes, chunk_lines)
        started = time.perf_counter()
        for rows in run.chunks():
            read = min(source.raw_position, source.size)
            yield ImportProgress(rows, read, source.size, time.perf_counter() - started)
        yield run.end(target, time.perf_counter() - started)


def _known(store: Store, ledger: ImportLedger, mapping: ImportMapping) -> tuple[ImportLedger, ImportRecord | None]:
    """What is recorded of the import, and where; one of before may be named by its attributes as they are written."""
    record = ledger.record()
    if record is None and mapping.hash_as_written != mapping.hash:
        before = ImportLedger(store, replace(ledger.id, mapping_hash=mapping.hash_as_written))
        found = before.record()
        if found is not None:
            return before, found
    return ledger, record


class _Run:
    def __init__(
        self,
        store: Store,
        ledger: ImportLedger,
        mapping: ImportMapping,
        original: Original,
        source: SourceFile,
        folder: Path,
        clock: Clock,
        redaction: TenantRedaction,
    ) -> None:
        self._store, self._ledger, self._mapping = store, ledger, mapping
        self._original, self._source, self._folder, self._clock = original, source, folder, clock
        self._shape, skip, lines = _shape(source, mapping)
        self._first = (skip, lines + 1)
        self._statements = Statements(mapping, self._shape, redaction)
        try:
            store.rows(self._statements.check())
        except StatementFailed as error:
            first = Problem(mapping.file, "attributes", f"an expression is wrong: {error}")
            raise CatalogError(tuple(self._wrong_expressions()) or (first,)) from error
        self._rows_now = self._accepted = self._rejected = 0
        self._resumed = False

    def _wrong_expressions(self) -> Iterator[Problem]:
        for name, given in self._mapping.attributes.items():
            if isinstance(given, Expression):
                try:
                    self._store.rows(self._statements.check(name))
                except StatementFailed as error:
                    yield Problem(self._mapping.file, f"attributes.{name}.sql", f"the expression is wrong: {error}")

    def begin(self, record: ImportRecord | None, file_name: str, chunk_bytes: int, chunk_lines: int) -> None:
        """Find out what an earlier run had done, and go to where it stopped."""
        self._file_name = file_name
        self._record = record or ImportRecord(self._clock.now())
        if record is None:
            self._write(self._record)
        begun = self._ledger.chunks()
        stored = [each for each in begun if each.stored]
        self._open = [each for each in begun if not each.stored]
        self._resumed = bool(begun)
        self._accepted = sum(each.accepted for each in stored)
        self._rejected = sum(each.rejected for each in stored)
        byte_from, line_from = self._first
        if stored:
            byte_from, line_from = stored[-1].byte_to, stored[-1].line_from + stored[-1].lines
        csv = self._shape.format is FileFormat.CSV
        self._chunks = Chunks(
            self._source,
            byte_from=byte_from,
            line_from=line_from,
            number=len(stored),
            delimiter=self._shape.delimiter if csv else "",
            quote=self._shape.quote if csv else "",
            max_bytes=chunk_bytes,
            max_lines=chunk_lines,
        )

    def chunks(self) -> Iterator[int]:
        """Store chunk after chunk; gives the rows done so far."""
        for begun in self._open:
            chunk = self._chunks.exact(begun.lines)
            self._original.check()
            if not self._store.is_embedded:
                mark = {"mark": import_mark(begun.segment_id)}
                self._store.rows(load_query("collector", "import_end_running"), mark)
            yield self._stored(chunk, begun, self._ledger.stored_rows(begun))
        for chunk in self._chunks:
            self._original.check()
            yield self._stored(chunk, self._ledger.begin(chunk, self._clock.now()), 0)
        self._original.check()

    def end(self, rejected_file: Path, seconds: float) -> ImportReport:
        """Write the rejected rows to a file, record that the import is done, and report."""
        if self._rejected:
            write_rejects(self._ledger, rejected_file, self._shape.columns, self._mapping)
        done = replace(self._record, finished_at=self._clock.now(), accepted=self._accepted, rejected=self._rejected)
        self._write(done)
        return ImportReport(
            accepted=self._accepted,
            rejected=self._rejected,
            rows_per_second=self._rows_now / seconds if seconds else 0.0,
            reasons=self._ledger.reasons() if self._rejected else {},
            rejected_file=str(rejected_file) if self._rejected else None,
            resumed=self._resumed,
        )

    def _stored(self, chunk: Chunk, record: ChunkRecord, already: int) -> int:
        data = chunk.data
        csv = self._shape.format is FileFormat.CSV
        rows = ChunkRows(
            self._ledger.id.tenant,
            self._ledger.id.value,
            chunk.number,
            record.segment_id,
            record.received_at,
            chunk.line_from,
            spans_lines=csv and self._shape.quote.encode() in data,
            odd_bytes=not is_utf8(data),
        )
        if chunk.unclosed is not None:
            shape, name = self._shape, str(self._source.path)
            data, whole = with_lines_apart(
                data,
                chunk.unclosed,
                shape.delimiter,
                shape.quote,
                name=name,
                line_from=chunk.line_from,
                blanks=shape.blanks,
            )
            rows = replace(rows, whole_rows=whole)
        elif csv and rows.odd_bytes:
            # The engine would quote the row it refuses, and an answer that is not UTF-8 reaches nobody.
            data = self._rewritten(rows, data)
        if not already:
            try:
                self._insert(self._statements.accept, rows, data)
            except StatementFailed:
                if not csv:
                    raise
                data = self._rewritten(rows, data)
                self._insert(self._statements.accept, rows, data)
        accepted = already or self._ledger.stored_rows(record)
        rejected = 0
        if accepted != chunk.lines:
            rejected = self._refused(rows, record, data)
        self._ledger.finish(record, accepted=accepted, rejected=rejected, now=self._clock.now())
        self._accepted += accepted
        self._rejected += rejected
        self._rows_now += accepted + rejected
        return self._accepted + self._rejected

    def _refused(self, rows: ChunkRows, record: ChunkRecord, data: bytes) -> int:
        try:
            self._insert(self._statements.reject, rows, data)
        except StatementFailed:
            if self._shape.format is not FileFormat.CSV:
                raise
            self._insert(self._statements.reject, rows, self._rewritten(rows, data))
        return self._ledger.rejected_rows(record)

    def _rewritten(self, rows: ChunkRows, data: bytes) -> bytes:
        shape, name = self._shape, str(self._source.path)
        line, blanks = rows.line_from, shape.blanks
        return rewritten(data, shape.delimiter, shape.quote, name=name, line_from=line, blanks=blanks)

    def _insert(self, statement: Callable[[ChunkRows, Sql], Sql], rows: ChunkRows, data: bytes) -> None:
        if self._store.is_embedded:
            file = self._folder / "chunk"
            file.touch(mode=0o600)
            file.write_bytes(data)
            form = f"'{self._shape.engine_format}', '{self._shape.structure}'"
            self._store.execute(statement(rows, Sql(f"file({{chunk_file:String}}, {form})", {"chunk_file": str(file)})))
        else:
            source = Sql(f"input('{self._shape.structure}')")
            self._store.insert_raw(statement(rows, source), data, self._shape.engine_format)

    def _write(self, record: ImportRecord) -> None:
        self._ledger.write(record, file_name=self._file_name, source=self._mapping.source)


def _shape(source: SourceFile, mapping: ImportMapping) -> tuple[Shape, int, int]:
    """What chunks are read as, and the bytes and lines before the first record."""
    if mapping.format is not FileFormat.CSV:
        return Shape(FileFormat.JSONL, encoding=source.encoding), 0, 0
    wanted = [name for names in mapping.columns().values() for name in names]
    dialect = sniffed(source.head, wanted, source.path.name, delimiter=mapping.delimiter, quote=mapping.quote)
    missing = missing_columns(mapping, dialect.columns)
    if missing:
        raise CatalogError(tuple(_no_column(mapping.file, *each, dialect.columns, source.path) for each in missing))
    shape = Shape(
        FileFormat.CSV, dialect.columns, dialect.delimiter, dialect.quote, source.encoding, blanks=dialect.blanks
    )
    return shape, dialect.skip, dialect.lines


def _no_column(name: str, where: str, column: str, columns: tuple[str, ...], file: Path) -> Problem:
    near = difflib.get_close_matches(column, columns, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(columns[:20])
    return Problem(name, where, f"{file.name} has no column {column!r}", hint)


def _source(path: Path, mapping: ImportMapping, folder: Path) -> SourceFile:
    parquet = is_parquet(path)
    if parquet != (mapping.format is FileFormat.PARQUET):
        what = "is Parquet" if parquet else "is not Parquet"
        raise BadRequest(f"{path} {what}, but the mapping says format: {mapping.format.value}.")
    if parquet:
        read = [(where, name) for where, names in mapping.columns().items() for name in names]
        lines, columns = parquet_as_json_lines(path, folder, [name for _, name in read])
        missing = [each for each in read if not has_column(columns, each[1])]
        if missing:
            there = tuple(each for each in columns if has_column(columns, each))
            raise CatalogError(tuple(_no_column(mapping.file, *each, there, path) for each in missing))
        return SourceFile(lines, UTF8)
    return SourceFile(path, mapping.encoding)
