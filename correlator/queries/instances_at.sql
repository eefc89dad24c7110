-- Purpose: the instances that have, or had, an event of some milestones in some minutes. Rare: reads the tenant's memberships.
-- `/*minutes*/` is replaced by a sub-SELECT of one column.
-- Parameters: at_tenant, at_workflow: String; at_milestones: Array(String).
SELECT DISTINCT key
FROM memberships
WHERE tenant = {at_tenant:String} AND workflow = {at_workflow:String} AND milestone IN {at_milestones:Array(String)}
  AND toStartOfMinute(occurred_at) IN (/*minutes*/)
