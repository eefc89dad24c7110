-- Purpose: the answer of each start: the first end at or after it.
-- Parameters: to_milestone Array(String) of each SLA; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to
--   (exclusive) Array(Int64), microseconds since 1970: starts each version judges.
SELECT s.key AS key, s.per AS per, s.n AS n, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.occurred_at) AS satisfied_at
FROM (
  SELECT *, {to_milestone:Array(String)}[n] AS answer FROM starts
  WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[n]
    AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[n]
) AS s
ASOF LEFT JOIN (
  SELECT key, toString(milestone) AS answer, occurred_at FROM staged_events
  WHERE milestone IN {to_milestone:Array(String)} AND occurred_at <= {as_of:DateTime64(6)}
) AS e ON s.key = e.key AND s.answer = e.answer AND s.started_at <= e.occurred_at
