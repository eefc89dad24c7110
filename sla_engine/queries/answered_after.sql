-- Purpose: the answer of each start: the first end at or after it.
-- Parameters: to_milestone String; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to (exclusive)
--   DateTime64(6) UTC: starts this version of the SLA judges.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.occurred_at) AS satisfied_at
FROM starts AS s
ASOF LEFT JOIN (
  SELECT key, occurred_at FROM staged_events
  WHERE milestone = {to_milestone:String} AND occurred_at <= {as_of:DateTime64(6)}
) AS e ON s.key = e.key AND s.started_at <= e.occurred_at
WHERE s.started_at >= {effective_from:DateTime64(6)} AND s.started_at < {effective_to:DateTime64(6)}
