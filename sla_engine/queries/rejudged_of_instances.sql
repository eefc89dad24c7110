-- Purpose: of each clock of some instances the row of the rejudging that looked at it last.
-- Parameters: tenant, workflow String; keys Array(String). Index: rejudged by tenant and the bloom filter on key.
SELECT rejudging, sla, rejudged_at, actor, key, clock, per, started_at, verdict, valid_from, deadline_at, satisfied_at, reason,
  r.definition AS definition, old_verdict, old_valid_from, old_deadline_at, old_reason, old_definition
FROM rejudged AS r
INNER JOIN (SELECT sla, rejudging, rejudged_at, actor FROM rejudgings WHERE tenant = {tenant:String}) AS g USING (sla, rejudging)
WHERE r.tenant = {tenant:String} AND r.workflow = {workflow:String} AND r.key IN {keys:Array(String)}
ORDER BY rejudged_at DESC, rejudging
LIMIT 1 BY clock
