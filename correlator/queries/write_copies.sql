-- Purpose: one row per event, segment and version: what was delivered. Written before anything else that names the event.
-- Parameters: tenant: String.
INSERT INTO event_copies (tenant, event_id, segment_id, content_hash, copies, workflow, received_at)
SETTINGS optimize_on_insert = 0
SELECT {tenant:String}, event_id, segment_id, content_hash, count(), any(workflow), min(received_at)
FROM stage_events
GROUP BY event_id, segment_id, content_hash
