-- Purpose: how far each declared system's own event time has come by an instant, future-dated events left out.
-- Parameters: progress_tenant: String; progress_as_of: DateTime64(6), UTC, inclusive.
-- Index: system_seen by (tenant, system, minute); the running minute is read from the events of that minute.
SELECT system, max(seen_at) AS seen_at
FROM (
  SELECT system, max(seen_at) AS seen_at
  FROM system_seen
  WHERE tenant = {progress_tenant:String} AND minute < toStartOfMinute({progress_as_of:DateTime64(6)})
  GROUP BY system
  UNION ALL
  SELECT system, max(occurred_at) AS seen_at
  FROM events
  WHERE tenant = {progress_tenant:String}
    AND (tenant, toStartOfMinute({progress_as_of:DateTime64(6)})) IN (SELECT tenant, minute FROM system_seen)
    AND occurred_at >= toStartOfMinute({progress_as_of:DateTime64(6)}) AND occurred_at <= {progress_as_of:DateTime64(6)}
    AND declared_system != '' AND NOT has(flags, 'future_dated')
  GROUP BY declared_system AS system
)
GROUP BY system
