-- Purpose: spans by start, each once. `/*spans*/`: the collector's SELECT of the spans of some traces.
-- Parameters: limit: UInt32.
SELECT
  TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, lower(StatusCode) AS status,
  toDateTime64(Timestamp, 6, 'UTC') AS started_at,
  least(greatest(intDiv(reinterpretAsInt64(Duration), 1000), -3155760000000000), 3155760000000000) AS duration_us,
  SpanAttributes
FROM (/*spans*/)
ORDER BY started_at, SpanId
LIMIT 1 BY TraceId, SpanId, SpanKind, ServiceName
LIMIT {limit:UInt32}
