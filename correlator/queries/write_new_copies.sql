-- Purpose: the same as `write_copies` for a batch in which every event is new and there once.
-- Parameters: tenant: String.
INSERT INTO event_copies (tenant, event_id, segment_id, content_hash, copies, workflow, received_at)
SETTINGS optimize_on_insert = 0
SELECT {tenant:String}, event_id, segment_id, content_hash, 1, workflow, received_at
FROM stage_events
