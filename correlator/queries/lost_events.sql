-- Purpose: events that no longer belong to some instances, or of which another version counts now: what a correction, a conflicting
-- duplicate or a hub has changed. `/*keys*/` is replaced by a sub-SELECT of one column `key`.
-- Parameters: lost_tenant, lost_workflow, lost_root: String (name of the root key type); lost_after: UInt64, a version (exclusive).
-- Index: memberships by (tenant, instance).
SELECT DISTINCT event_id, milestone
FROM memberships
PREWHERE tenant = {lost_tenant:String}
  AND instance IN (SELECT concat({lost_workflow:String}, char(31), {lost_root:String}, char(31), key) FROM (/*keys*/))
WHERE version > {lost_after:UInt64} AND (is_deleted OR has(flags, 'conflicting_duplicate'))
