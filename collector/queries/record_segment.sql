-- Purpose: records a segment as proven; a repetition replaces the row.
-- Parameters: tenant, segment_id, signal, rows, bytes, received_from, received_to, committed_at.
INSERT INTO segments
SELECT {tenant:String}, {segment_id:String}, {signal:String}, {rows:UInt64}, {bytes:UInt64},
  {received_from:DateTime64(6, 'UTC')}, {received_to:DateTime64(6, 'UTC')}, {committed_at:DateTime64(6, 'UTC')}
