-- Purpose: how far each declared system's own event time has come. A future-dated event does not move it. Written after the
-- tick's version: nobody reads of a system what instances do not show yet.
-- Parameters: tenant: String.
INSERT INTO system_seen (tenant, system, minute, seen_at)
SELECT {tenant:String}, declared_system, toStartOfMinute(occurred_at) AS minute, max(occurred_at)
FROM stage_events
WHERE declared_system != '' AND NOT has(flags, 'future_dated') AND occurred_at >= toDateTime64('1970-01-02 00:00:00', 6, 'UTC')
GROUP BY declared_system, minute
