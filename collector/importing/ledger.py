"""What is recorded of imports: which file with which mapping, which chunks were begun, which are proven stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from collector.importing.chunk import Chunk
from collector.segment import Signal
from model import microseconds
from store import Store, load_query

_TABLES = "SELECT uuid FROM system.tables WHERE database = currentDatabase() AND name = 'imports'"


@dataclass(frozen=True, slots=True)
class ImportId:
    """One file with one mapping, of one tenant."""

    tenant: str
    file_hash: str
    mapping_hash: str

    @property
    def value(self) -> str:
        """32 hexadecimal digits that name it."""
        return hashlib.sha256(f"{self.file_hash} {self.mapping_hash}".encode()).hexdigest()[:32]

    def segment_id(self, chunk: int, received_at: datetime) -> str:
        """The segment of a chunk first tried at that instant: sorts by time, the rest follows from the chunk."""
        micros = microseconds(received_at)
        tail = hashlib.sha256(f"{self.tenant} {self.value} {chunk}".encode()).hexdigest()[:8]
        return f"{micros:016x}-{tail}"


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """How far an import is; `finished_at` None while chunks are missing."""

    started_at: datetime
    finished_at: datetime | None = None
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk that was begun; `stored` once all its rows are proven in ClickHouse."""

    number: int
    segment_id: str
    received_at: datetime
    byte_from: int
    byte_to: int
    line_from: int
    lines: int
    accepted: int = 0
    rejected: int = 0
    stored: bool = False


class ImportLedger:
    """Reads and writes the tables of one import."""

    def __init__(self, store: Store, import_id: ImportId) -> None:
        self._store = store
        self._id = import_id
        self._key = {"tenant": import_id.tenant, "import_id": import_id.value}

    @property
    def id(self) -> ImportId:
        """The import it is of."""
        return self._id

    def identity(self) -> tuple[str, ...]:
        """What tells this import from all others: the tables it is recorded in, tenant, file and mapping."""
        tables = str(self._store.value(_TABLES))
        return (tables, self._id.tenant, self._id.file_hash, self._id.mapping_hash)

    def record(self) -> ImportRecord | None:
        """What is known of it, None where it was never begun."""
        rows = self._store.rows(
            load_query("collector", "import_record"),
            {
                "tenant": self._id.tenant,
                "file_hash": self._id.file_hash,
                "mapping_hash": self._id.mapping_hash,
            },
        )
        if not rows:
            return None
        row = rows[0]
        return ImportRecord(row["started_at"], row["finished_at"], row["accepted"], row["rejected"])

    def write(self, record: ImportRecord, *, file_name: str, source: str) -> None:
        """Record how far it is."""
        self._insert(
            "imports",
            {
                "tenant": self._id.tenant,
                "file_hash": self._id.file_hash,
                "mapping_hash": self._id.mapping_hash,
                "import_id": self._id.value,
                "file_name": file_name,
                "source": source,
                "started_at": record.started_at,
                "finished_at": record.finished_at,
                "accepted": record.accepted,
                "rejected": record.rejected,
                "finished": int(record.finished_at is not None),
            },
        )

    def chunks(self) -> list[ChunkRecord]:
        """The chunks begun so far, in order; all but the last are stored."""
        return [
            ChunkRecord(
                row["chunk"],
                row["segment_id"],
                row["received_at"],
                row["byte_from"],
                row["byte_to"],
                row["line_from"],
                row["lines"],
                row["accepted"],
                row["rejected"],
                bool(row["stored"]),
            )
            for row in self._store.rows(load_query("collector", "import_chunks"), self._key)
        ]

    def begin(self, chunk: Chunk, now: datetime) -> ChunkRecord:
        """Record that a chunk is about to be inserted, and as which segment."""
        segment_id = self._id.segment_id(chunk.number, now)
        record = ChunkRecord(
            chunk.number, segment_id, now, chunk.byte_from, chunk.byte_to, chunk.line_from, chunk.lines
        )
        self._write_chunk(record)
        return record

    def finish(self, record: ChunkRecord, *, accepted: int, rejected: int, now: datetime) -> None:
        """Hand a chunk proven in ClickHouse to the correlator and record that it is stored."""
        if accepted:
            self._insert(
                "segments",
                {
                    "tenant": self._id.tenant,
                    "segment_id": record.segment_id,
                    "signal": Signal.LOGS.value,
                    "rows": accepted,
                    "bytes": record.byte_to - record.byte_from,
                    "received_from": record.received_at,
                    "received_to": record.received_at,
                    "committed_at": now,
                },
            )
        self._write_chunk(replace(record, accepted=accepted, rejected=rejected, stored=True))

    def stored_rows(self, record: ChunkRecord) -> int:
        """How many rows of a chunk's segment are in ClickHouse."""
        return int(
            self._store.value(
                load_query("collector", "import_segment_rows"),
                {"tenant": self._id.tenant, "segment_id": record.segment_id, "received_at": record.received_at},
            )
        )

    def rejected_rows(self, record: ChunkRecord) -> int:
        """How many rows of a chunk were refused."""
        params = {**self._key, "chunk": record.number}
        return int(self._store.value(load_query("collector", "import_chunk_rejects"), params))

    def reasons(self) -> dict[str, int]:
        """Refused rows by reason, most frequent first."""
        rows = self._store.rows(load_query("collector", "import_reject_reasons"), self._key)
        return {row["reason"]: row["rows"] for row in rows}

    def rejects(self, after: int, page: int) -> list[dict[str, Any]]:
        """A page of refused rows after that line: line, reason, cells."""
        return self._store.rows(load_query("collector", "import_rejects"), {**self._key, "after": after, "page": page})

    def _write_chunk(self, record: ChunkRecord) -> None:
        self._insert(
            "import_chunks",
            {
                "tenant": self._id.tenant,
                "import_id": self._id.value,
                "chunk": record.number,
                "segment_id": record.segment_id,
                "received_at": record.received_at,
                "byte_from": record.byte_from,
                "byte_to": record.byte_to,
                "line_from": record.line_from,
                "lines": record.lines,
                "accepted": record.accepted,
                "rejected": record.rejected,
                "stored": int(record.stored),
            },
        )

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        self._store.insert(table, tuple(row), [tuple(row.values())])
