-- Purpose: How many rows of a segment are in ClickHouse: 0, or all of it, because a segment is one part.
-- Parameters: tenant; segment_id; received_at (DateTime64(6)), the ReceivedAt of all its rows.
-- Index use: the partition of that day, granules by the minmax index on SegmentId.
SELECT count()
FROM otel_logs
WHERE Tenant = {tenant:String} AND SegmentId = {segment_id:String}
  AND ReceivedAt = {received_at:DateTime64(6, 'UTC')}
