-- Purpose: how many rows of a segment are in otel_logs: what proves, or disproves, that its INSERT took place.
-- Parameters: tenant, segment_id, received_at (DateTime64(6)): the segment's opening time.
-- Index use: parts by ReceivedAt (a part that holds only other times is not read).
SELECT count()
FROM otel_logs
WHERE Tenant = {tenant:String} AND SegmentId = {segment_id:String} AND ReceivedAt = {received_at:DateTime64(6, 'UTC')}
