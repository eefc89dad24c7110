-- Purpose: how far each declared system's own event time has come by an instant, future-dated events left out. It is never later than
-- what finished ticks have seen of the system, though events of a running tick are there already.
-- Parameters: progress_tenant: String; progress_as_of: DateTime64(6), UTC, inclusive.
-- Index: system_seen by (tenant, system, minute). Of systems that finished ticks have seen later than that within the same minute, the
-- events of that minute are read.
WITH toStartOfMinute({progress_as_of:DateTime64(6)}) AS running,
  ahead AS (
    SELECT tenant, system, minute FROM system_seen
    WHERE tenant = {progress_tenant:String} AND minute = running AND seen_at > {progress_as_of:DateTime64(6)}
  )
SELECT system, max(seen_at) AS seen_at
FROM (
  SELECT system, max(seen_at) AS seen_at
  FROM system_seen AS s
  WHERE tenant = {progress_tenant:String} AND minute <= running AND s.seen_at <= {progress_as_of:DateTime64(6)}
  GROUP BY system
  UNION ALL
  SELECT system, max(occurred_at) AS seen_at
  FROM events
  WHERE tenant = {progress_tenant:String} AND (tenant, running) IN (SELECT tenant, minute FROM ahead)
    AND occurred_at >= running AND occurred_at <= {progress_as_of:DateTime64(6)}
    AND declared_system IN (SELECT system FROM ahead) AND NOT has(flags, 'future_dated')
  GROUP BY declared_system AS system
)
GROUP BY system
