-- Purpose: how far the systems of a rebuilt workflow have come. Parameters: tenant, shadow: String.
INSERT INTO system_seen
SELECT {tenant:String}, system, minute, max(seen_at) FROM system_seen
WHERE tenant = {shadow:String} GROUP BY system, minute
