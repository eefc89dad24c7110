-- Purpose: take out the minutes of feeds that are made anew. `minutes` is replaced by the SELECT of them.
-- Parameters: tenant, workflow String, and those of the SELECT. Index: feed_minutes by (tenant, workflow).
DELETE FROM feed_minutes
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND (milestone, minute) IN (/*minutes*/)
