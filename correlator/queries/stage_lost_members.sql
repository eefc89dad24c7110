-- Purpose: memberships that only a losing version of some event, a corrected event or link, or a key that is now a hub
-- had led to; of the workflows whose events were judged again. Rare: scans the tenant's memberships.
-- Parameters: tenant: String; version: UInt64; workflows: Array(String).
INSERT INTO stage_members
SELECT * REPLACE ({version:UInt64} AS version, 1 AS is_deleted)
FROM memberships
WHERE tenant = {tenant:String} AND workflow IN {workflows:Array(String)} AND event_id IN (
    SELECT event_id FROM stage_reread UNION ALL SELECT event_id FROM stage_state WHERE is_known)
  AND (instance, event_id) NOT IN (SELECT instance, event_id FROM stage_members)
LIMIT 1 BY instance, event_id
