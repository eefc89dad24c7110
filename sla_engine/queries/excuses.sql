-- Purpose: what was excused of an SLA, newest first. Parameters: tenant, sla String; limit UInt32.
-- Index: excuses by (tenant, sla).
SELECT excuse, sla, clock, from_at, to_at, excused_at, actor, reason FROM excuses
WHERE tenant = {tenant:String} AND sla = {sla:String}
ORDER BY excused_at DESC, excuse
LIMIT {limit:UInt32}
