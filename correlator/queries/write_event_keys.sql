-- Purpose: where a later link finds the staged events: by their innermost values, unless these are roots.
-- Parameters: tenant: String.
INSERT INTO event_keys (tenant, typed_key, event_id, content_hash, workflow, received_at)
SETTINGS optimize_on_insert = 0
SELECT {tenant:String}, arrayJoin(innermost), event_id, content_hash, workflow, received_at
FROM stage_events
WHERE innermost_rank NOT IN (0, 255)
