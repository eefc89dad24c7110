-- Purpose: what was excused of an SLA, newest first.
-- Parameters: tenant, sla String; where the page before ended: before_us Int64, after String; limit UInt32.
-- Index: excuses by (tenant, sla).
SELECT excuse, sla, clock, from_at, to_at, excused_at, actor, reason FROM excuses
WHERE tenant = {tenant:String} AND sla = {sla:String}
  AND (
    toUnixTimestamp64Micro(excused_at) < {before_us:Int64}
    OR (toUnixTimestamp64Micro(excused_at) = {before_us:Int64} AND excuse > {after:String})
  )
ORDER BY excused_at DESC, excuse
LIMIT {limit:UInt32}
