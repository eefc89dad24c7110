-- Purpose: every segment proven to be in ClickHouse since a time, once.
-- Parameters: committed_from: DateTime64(6), UTC, inclusive. Callers add their own WHERE around it; (tenant, segment_id) is
-- the primary key. Index: minmax on committed_at, which goes along with segment_id.
SELECT tenant, segment_id, signal, rows, received_from, received_to, committed_at
FROM segments FINAL
WHERE committed_at >= {committed_from:DateTime64(6)}
