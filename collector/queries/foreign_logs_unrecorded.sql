-- Purpose: segments of adopted rows of otel_logs that are not recorded yet. Their ids have an F after the dash.
-- Parameters: since (DateTime64(6), by ReceivedAt, inclusive).
-- Index use: parts by ReceivedAt.
SELECT Tenant AS tenant, SegmentId AS segment_id, count() AS rows, min(ReceivedAt) AS received_from,
  max(ReceivedAt) AS received_to
FROM otel_logs
WHERE substring(SegmentId, 18, 1) = 'F' AND ReceivedAt >= {since:DateTime64(6, 'UTC')}
  AND SegmentId NOT IN (SELECT segment_id FROM segments)
GROUP BY tenant, segment_id
