-- Purpose: gives the rows of otel_traces that belong to no segment the id of one; done when the statement returns.
-- Parameters: tenant; segment_id; received_from, received_to (DateTime64(6), inclusive, of one day).
ALTER TABLE otel_traces UPDATE SegmentId = {segment_id:String}
WHERE SegmentId = '' AND Tenant = {tenant:String}
  AND ReceivedAt BETWEEN {received_from:DateTime64(6, 'UTC')} AND {received_to:DateTime64(6, 'UTC')}
SETTINGS mutations_sync = 2
