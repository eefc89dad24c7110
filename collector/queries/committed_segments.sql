-- Purpose: every segment proven to be in ClickHouse, once.
-- Parameters: none. Callers add their own WHERE around it; (tenant, segment_id) is the primary key.
SELECT tenant, segment_id, signal, rows, received_from, received_to, committed_at
FROM segments FINAL
