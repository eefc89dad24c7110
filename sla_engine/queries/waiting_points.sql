-- Purpose: the points in time between which a clock waits: its start, every event of its instance before its end, its end.
-- `events` is replaced by the correlator's SELECT of instance events, `clocks` by the SELECT of clocks looked at.
-- Parameters: now DateTime64(6) UTC; from_milestone, to_milestone, to_system, calendar String.
WITH looked AS (/*clocks*/)
SELECT clock, at, place, milestone, system, {calendar:String} AS calendar FROM (
  SELECT clock, started_at AS at, -1 AS place, {from_milestone:String} AS milestone, '' AS system FROM looked
  UNION ALL
  SELECT l.clock, e.occurred_at, toInt32(e.place), toString(e.milestone), toString(e.system)
  FROM looked AS l INNER JOIN (/*events*/) AS e ON l.key = e.key
  WHERE e.occurred_at > l.started_at AND e.occurred_at < l.ends_at
  UNION ALL
  SELECT clock, ends_at, 70000, {to_milestone:String}, {to_system:String} FROM looked
)
