-- Purpose: the aliases that lead to too many roots, after everything that follows from it has been written.
-- Parameters: tenant: String; version: UInt64; no_time: Int64, of walks that no window bounds.
INSERT INTO hubs (tenant, workflow, typed_key, is_timeless, found_at, version, is_deleted)
SELECT
  {tenant:String}, splitByChar(char(31), origin_key)[1], origin_key, max(origin_us = {no_time:Int64}),
  fromUnixTimestamp64Micro(toInt64({version:UInt64}), 'UTC'), {version:UInt64}, 0
FROM stage_hubs
WHERE origin_key NOT IN (SELECT typed_key FROM hubs FINAL WHERE tenant = {tenant:String})
GROUP BY origin_key
