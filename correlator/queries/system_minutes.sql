-- Purpose: when each declared system was heard, by the minute: the last time in each minute in which it was.
-- Parameters: minutes_tenant: String; minutes_since: DateTime64(6), UTC, inclusive. Index: system_seen by (tenant, system, minute).
SELECT system, minute, max(seen_at) AS seen_at
FROM system_seen
WHERE tenant = {minutes_tenant:String} AND minute >= toStartOfMinute({minutes_since:DateTime64(6)})
GROUP BY system, minute
