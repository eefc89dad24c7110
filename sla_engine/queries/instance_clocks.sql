-- Purpose: the current clocks of one instance, by SLA, start and alias value.
-- Parameters: tenant, workflow, key String. Index: clocks by (tenant, workflow, key).
SELECT sla, clock, per, verdict, valid_from, started_at, deadline_at, satisfied_at, known_at, reason, flags
FROM clocks FINAL
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND key = {key:String}
ORDER BY sla, started_at, per, clock
