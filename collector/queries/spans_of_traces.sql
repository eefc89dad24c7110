-- Purpose: all spans of some traces of one tenant that start in a time range.
-- Parameters: trace_tenant; trace_ids (Array(String), 32 lower-case hex digits each); traces_from, traces_to
-- (DateTime64(9), inclusive).
-- Index use: granules by the bloom filter on TraceId and the minmax index on Timestamp.
SELECT *
FROM otel_traces
WHERE Tenant = {trace_tenant:String}
  AND TraceId IN {trace_ids:Array(String)}
  AND Timestamp BETWEEN {traces_from:DateTime64(9, 'UTC')} AND {traces_to:DateTime64(9, 'UTC')}
