-- Purpose: takes the rows of a half-written segment out of otel_logs again; done when the statement returns.
-- Parameters: tenant, segment_id, received_at (DateTime64(6)): the segment's opening time.
ALTER TABLE otel_logs DELETE
WHERE Tenant = {tenant:String} AND SegmentId = {segment_id:String} AND ReceivedAt = {received_at:DateTime64(6, 'UTC')}
SETTINGS mutations_sync = 2
