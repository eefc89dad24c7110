-- Purpose: events that are judged again wait no longer, unless `write_waiting` says so right after.
-- Parameters: tenant: String; workflows: Array(String), those judged; version: UInt64, one less than that of the tick.
INSERT INTO waiting (tenant, workflow, event_id, typed_key, received_at, version, is_deleted)
SELECT DISTINCT tenant, workflow, event_id, typed_key, received_at, {version:UInt64} - 1, 1
FROM waiting
WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND event_id IN (
    SELECT event_id FROM stage_reread UNION ALL SELECT event_id FROM stage_state WHERE is_known)
