-- Purpose: walks that have come to a known hub: what leads to it leads to as many roots.
-- Parameters: tenant: String; round: UInt8, the round just walked; hub_limit: UInt64.
INSERT INTO stage_hubs (origin_key, origin_us, roots)
SELECT DISTINCT origin_key, origin_us, {hub_limit:UInt64} + 1
FROM stage_walk
WHERE round = {round:UInt8} AND NOT is_root AND typed_key IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String} AND is_timeless)
