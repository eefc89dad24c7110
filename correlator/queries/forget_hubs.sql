-- Purpose: hubs whose links a correction or a losing version may have made fewer: they are judged again in this tick.
-- Parameters: tenant: String; version: UInt64, one more than what is written.
INSERT INTO hubs (tenant, workflow, typed_key, is_timeless, found_at, version, is_deleted)
SELECT tenant, workflow, typed_key, is_timeless, found_at, {version:UInt64} - 1, 1
FROM hubs FINAL
WHERE tenant = {tenant:String} AND typed_key IN (SELECT typed_key FROM stage_reach)
