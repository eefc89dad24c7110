"""How ClickHouse itself turns a spool segment into rows: one INSERT ... SELECT per segment, no Python per row.

The segment's bytes are one OTLP export request (serialized requests concatenate), read by the format ProtobufSingle
with our own wire-compatible schema (collector/otlp.proto). An embedded store reads the spool file where it lies; a
server is sent it as the body of the request. Every statement carries the settings the promise "exactly once" rests on:
see `BLOCK_SETTINGS`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from collector.redaction import TenantRedaction
from collector.segment import Signal, opened_at
from store import Sql, load_query

_VALUE = (
    "Tuple(value Enum8('none' = 0, 'string_value' = 1, 'bool_value' = 2, 'int_value' = 3, 'double_value' = 4, "
    "'bytes_value' = 7), string_value String, bool_value Bool, int_value Int64, double_value Float64, "
    "bytes_value String)"
)
_ATTRIBUTES = f"attributes Array(Tuple(key String, value {_VALUE}))"
_SPAN = (
    "trace_id String, span_id String, trace_state String, parent_span_id String, name String, kind Int32, "
    f"start_time_unix_nano UInt64, end_time_unix_nano UInt64, {_ATTRIBUTES}, "
    f"events Array(Tuple(time_unix_nano UInt64, name String, {_ATTRIBUTES})), "
    f"links Array(Tuple(trace_id String, span_id String, trace_state String, {_ATTRIBUTES})), "
    "status Tuple(message String, code Int32)"
)
_RECORD = (
    f"time_unix_nano UInt64, severity_number Int32, severity_text String, body {_VALUE}, {_ATTRIBUTES}, flags UInt32, "
    "trace_id String, span_id String, observed_time_unix_nano UInt64, event_name String"
)
_STRUCTURE = {
    Signal.TRACES: (
        f"resource_spans Array(Tuple(resource Tuple({_ATTRIBUTES}), "
        f"scope_spans Array(Tuple(scope Tuple(name String, version String), spans Array(Tuple({_SPAN}))))))"
    ),
    Signal.LOGS: (
        f"resource_logs Array(Tuple(resource Tuple({_ATTRIBUTES}), schema_url String, scope_logs Array(Tuple("
        f"scope Tuple(name String, version String, {_ATTRIBUTES}), schema_url String, "
        f"log_records Array(Tuple({_RECORD}))))))"
    ),
}
_MESSAGE = {Signal.TRACES: "Traces", Signal.LOGS: "Logs"}

_COLUMNS = {
    Signal.TRACES: (
        "Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ResourceAttributes, "
        "ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage, `Events.Timestamp`, "
        "`Events.Name`, `Events.Attributes`, `Links.TraceId`, `Links.SpanId`, `Links.TraceState`, `Links.Attributes`, "
        "ReceivedAt, Tenant, SegmentId"
    ),
    Signal.LOGS: (
        "Timestamp, TraceId, SpanId, TraceFlags, SeverityText, SeverityNumber, ServiceName, Body, ResourceSchemaUrl, "
        "ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, LogAttributes, EventName, "
        "ReceivedAt, Tenant, SegmentId"
    ),
}

# The OpenTelemetry specification's text of a value that is not a string; bytes are base64, as the exporter has them.
_TEXT_OF = """(v -> multiIf(
  v.value = 'string_value', v.string_value,
  v.value = 'int_value', toString(v.int_value),
  v.value = 'bool_value', if(v.bool_value, 'true', 'false'),
  v.value = 'double_value', multiIf(isNaN(v.double_value), 'NaN', v.double_value = inf, 'Infinity',
    v.double_value = -inf, '-Infinity', abs(v.double_value) >= 1e21,
    replaceOne(toString(v.double_value), 'e', 'e+'), toString(v.double_value)),
  v.value = 'bytes_value', base64Encode(v.bytes_value), '')) AS text_of"""

# One thread and no squashing limits: a segment is one block, hence one part, hence atomic. (That it is
# synced to disk is a setting of the tables.) An exception in the view that foreign readers use must not fail an INSERT
# whose base rows are in.
BLOCK_SETTINGS = (
    "async_insert = 0, max_threads = 1, max_insert_threads = 1, max_block_size = 100000000, "
    "max_insert_block_size = 100000000, min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, "
    "insert_deduplicate = 0, materialized_views_ignore_errors = 1, max_execution_time = 240"
)
MEMORY_BYTES = 4_000_000_000
"""What one INSERT may take. What only tries one may take half: sorting and writing the rows is not part of it."""


_NO_REDACTION = TenantRedaction()


def insert_of(
    signal: Signal, tenant: str, segment_id: str, path: Path | None, redaction: TenantRedaction = _NO_REDACTION
) -> Sql:
    """The INSERT of one segment: from the file at `path`, or, with None, from the body of the request.

    It is found in `system.processes` by its log comment, the segment id.
    """
    settings = f"{_settings(MEMORY_BYTES)}, log_comment = '{segment_id}', {_format(signal, path)}"
    return Sql(f"INSERT INTO {signal.table} ({_COLUMNS[signal]}) SETTINGS {settings}") + redaction.rows(
        signal, _rows(signal, tenant, segment_id, path)
    )


def probe_of(
    signal: Signal, tenant: str, segment_id: str, path: Path | None, redaction: TenantRedaction = _NO_REDACTION
) -> Sql:
    """A statement that fails where the INSERT of the same bytes would and stores nothing."""
    rows = redaction.rows(signal, _rows(signal, tenant, segment_id, path))
    settings = f"{_settings(MEMORY_BYTES // 2)}, {_format(signal, path)}"
    return Sql(f"INSERT INTO FUNCTION null('hash UInt64') SETTINGS {settings}") + Sql(
        f"SELECT cityHash64(*) FROM ({rows.text})", rows.params
    )


def _settings(memory_bytes: int) -> str:
    return f"{BLOCK_SETTINGS}, max_memory_usage = {memory_bytes}"


def _rows(signal: Signal, tenant: str, segment_id: str, path: Path | None) -> Sql:
    params = {"received_at": opened_at(segment_id), "tenant": tenant, "segment_id": segment_id}
    structure = _STRUCTURE[signal].replace("'", "''")
    if path is None:
        source = Sql(f"input('{structure}')")
    else:
        source = Sql(f"file({{segment_path:String}}, 'ProtobufSingle', '{structure}')", {"segment_path": str(path)})
    return (
        Sql(f"WITH {_TEXT_OF}, requests AS (SELECT * FROM")
        + source
        + Sql(")")
        + Sql(load_query("collector", f"insert_{signal}"), params)
    )


def _format(signal: Signal, path: Path | None) -> str:
    if path is not None and (file := _schema_file()) is not None:
        # Read where it is installed: an embedded engine keeps a schema given as text in a folder `__cache__` of
        # whatever working directory the process has.
        schema = f"format_schema = '{file}:{_MESSAGE[signal]}'"
    else:
        schema = (
            f"format_schema_source = 'string', format_schema = '{_schema()}', "
            f"format_schema_message_name = '{_MESSAGE[signal]}'"
        )
    return f"{schema}, input_format_protobuf_oneof_presence = 1"


@cache
def _schema_file() -> str | None:
    """The path of the schema, if it can stand in a setting: a colon would end it there."""
    path = str(Path(str(files("collector"))).absolute() / "otlp.proto")
    return path if Path(path).is_file() and not {":", "'", "\\"} & set(path) else None


@cache
def _schema() -> str:
    text = (files("collector") / "otlp.proto").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("//"))
    return " ".join(" ".join(lines).split()).replace("'", "''")
