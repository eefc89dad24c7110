-- Purpose: of each clock of an instance the row of the rejudging that looked at it last.
-- Parameters: tenant, workflow, key String. Index: rejudged by tenant and the bloom filter on key.
SELECT rejudging, sla, key, clock, per, started_at, verdict, valid_from, deadline_at, satisfied_at, reason, definition, old_verdict,
  old_valid_from, old_deadline_at, old_reason, old_definition
FROM rejudged AS r
INNER JOIN (
  SELECT sla, rejudging, rejudged_at FROM rejudgings WHERE tenant = {tenant:String}
) AS g USING (sla, rejudging)
WHERE r.tenant = {tenant:String} AND r.workflow = {workflow:String} AND r.key = {key:String}
ORDER BY g.rejudged_at DESC, rejudging
LIMIT 1 BY clock
