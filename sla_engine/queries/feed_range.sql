-- Purpose: where a feed must be looked at again: from the last minute before `since` on; its first and last event from there,
-- and its first one of all. No events: 1970.
-- Parameters: tenant, workflow String; feed Array(String), milestones; since DateTime64(6) UTC.
-- Index: feed_minutes by (tenant, workflow, milestone).
WITH (
  SELECT (maxIf(minute, minute < toStartOfMinute({since:DateTime64(6)})), min(first_at)) FROM feed_minutes
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
) AS whole
SELECT whole.1 AS since, min(first_at) AS earliest, max(last_at) AS latest, whole.2 AS first_ever
FROM feed_minutes
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)} AND minute >= whole.1
