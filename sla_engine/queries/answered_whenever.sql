-- Purpose: the answer of each instance's start: the first end, whenever it came.
-- Parameters: to_milestone String; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to (exclusive)
--   DateTime64(6) UTC: starts this version of the SLA judges.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM starts AS s
LEFT JOIN (
  SELECT key, min(occurred_at) AS answered_at FROM staged_events
  WHERE milestone = {to_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key
) AS e ON s.key = e.key
WHERE s.started_at >= {effective_from:DateTime64(6)} AND s.started_at < {effective_to:DateTime64(6)}
