-- Purpose: the traces that an instance's events carry, the latest first, and the time they lie in.
-- Parameters: tenant, workflow, instance: String (typed root key); limit: UInt32.
SELECT trace_id, min(started_at) AS from_at, max(occurred_at) AS to_at
FROM events FINAL
PREWHERE tenant = {tenant:String} AND workflow = {workflow:String} AND event_id IN (
  SELECT event_id FROM memberships FINAL PREWHERE tenant = {tenant:String} AND instance = {instance:String})
WHERE trace_id != ''
GROUP BY trace_id
ORDER BY to_at DESC
LIMIT {limit:UInt32}
