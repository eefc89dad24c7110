-- Purpose: spans as lineage sees them. `/*spans*/`: the collector's SELECT of the spans of some traces.
-- Parameters: limit: UInt32.
SELECT TraceId, SpanId, ParentSpanId, `Links.TraceId` AS link_traces, `Links.SpanId` AS link_spans
FROM (/*spans*/)
LIMIT 1 BY TraceId, SpanId
LIMIT {limit:UInt32}
