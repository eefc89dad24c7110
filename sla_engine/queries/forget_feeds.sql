-- Purpose: take out all minutes of a workflow's feeds, whose events are noted anew after a rebuild.
-- Parameters: tenant, workflow String. Index: feed_minutes by (tenant, workflow).
DELETE FROM feed_minutes WHERE tenant = {tenant:String} AND workflow = {workflow:String}
