-- Purpose: how many of the staged events are known in more than one version.
-- Parameters: tenant: String. `superseded` is tiny.
SELECT count() FROM superseded
WHERE tenant = {tenant:String} AND event_id IN (SELECT event_id FROM stage_known)
