-- Purpose: rows of otel_traces that belong to no segment, by tenant and day of receipt (a segment never spans two days).
-- Parameters: since (inclusive), until (exclusive): DateTime64(6), by ReceivedAt.
-- Index use: parts by ReceivedAt, granules by the minmax index on SegmentId.
SELECT Tenant AS tenant, min(ReceivedAt) AS received_from, max(ReceivedAt) AS received_to, count() AS rows
FROM otel_traces
WHERE SegmentId = ''
  AND ReceivedAt >= {since:DateTime64(6, 'UTC')} AND ReceivedAt < {until:DateTime64(6, 'UTC')}
GROUP BY tenant, toDate(ReceivedAt)
