-- Purpose: the current clocks of some instances of a workflow, by instance, SLA, start and alias value.
-- Parameters: tenant, workflow String; keys Array(String). Index: clocks by (tenant, workflow, key).
SELECT key, sla, clock, per, verdict, valid_from, started_at, deadline_at, satisfied_at, known_at, reason, flags
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key IN {keys:Array(String)}
ORDER BY key, sla, started_at, per, clock
