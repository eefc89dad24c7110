-- Purpose: the first time an instance reached each milestone. Parameters: tenant, instance: String (typed root key).
-- Index: memberships by (tenant, instance).
SELECT milestone, min(occurred_at) AS reached_at, argMin(system, (occurred_at, event_id)) AS reported_by
FROM memberships FINAL
WHERE tenant = {tenant:String} AND instance = {instance:String}
GROUP BY milestone
