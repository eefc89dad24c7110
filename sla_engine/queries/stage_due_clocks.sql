-- Purpose: the clocks whose next moment of change has come, as they were last worked out: nothing about their instance
-- changed, only time passed, or a system spoke.
-- Parameters: tenant String; since, as_of DateTime64(6) UTC (exclusive, inclusive); axes Array(String), the systems that
--   spoke, with axes_since Array(Int64), microseconds, where each stood before, and axes_floor
--   DateTime64(6) UTC, not later than any of those; slas Array(String), those that are judged;
--   stage_shares, stage_share UInt32, the number of shares and which one (from 0).
-- Index: wakeups by (tenant, axis, due_at); clocks by (tenant, workflow, key).
INSERT INTO staged_clocks
WITH woken AS (
  SELECT workflow, key, clock FROM wakeups
  WHERE tenant = {tenant:String} AND axis = '' AND sla IN {slas:Array(String)}
    AND due_at > {since:DateTime64(6)} AND due_at <= {as_of:DateTime64(6)}
    AND cityHash64(clock) % {stage_shares:UInt32} = {stage_share:UInt32}
  UNION ALL
  SELECT workflow, key, clock FROM wakeups
  WHERE tenant = {tenant:String} AND axis IN {axes:Array(String)} AND sla IN {slas:Array(String)}
    AND due_at >= {axes_floor:DateTime64(6)}
    AND toUnixTimestamp64Micro(due_at) >= {axes_since:Array(Int64)}[indexOf({axes:Array(String)}, toString(axis))]
    AND due_at <= {as_of:DateTime64(6)}
    AND cityHash64(clock) % {stage_shares:UInt32} = {stage_share:UInt32}
)
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at, risk_at,
  problem, awaited, system, flags
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow IN (SELECT workflow FROM woken) AND key IN (SELECT key FROM woken)
WHERE clock IN (SELECT clock FROM woken)
  AND verdict IN ('pending', 'at_risk', 'unknown')
