-- Purpose: take out all minutes of some of a workflow's feeds, whose events are noted anew.
-- Parameters: tenant, workflow String; milestones Array(String). Index: feed_minutes by (tenant, workflow, milestone).
DELETE FROM feed_minutes
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {milestones:Array(String)}
