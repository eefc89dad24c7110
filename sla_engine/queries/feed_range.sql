-- Purpose: where a feed must be looked at again: from the last minute before `since` on; its first and last event from there.
-- No events: 1970.
-- Parameters: tenant, workflow String; feed Array(String), milestones; since DateTime64(6) UTC.
-- Index: feed_minutes by (tenant, workflow, milestone).
WITH (
  SELECT maxIf(minute, minute < toStartOfMinute({since:DateTime64(6)})) FROM feed_minutes
  WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)}
) AS before
SELECT before AS since, min(first_at) AS earliest, max(last_at) AS latest
FROM feed_minutes
WHERE tenant = {tenant:String} AND workflow = {workflow:String} AND milestone IN {feed:Array(String)} AND minute >= before
