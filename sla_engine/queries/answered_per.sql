-- Purpose: the answer of each start for one value of the `per` key: the first end that carries or reaches the value,
-- whenever it came. `reached` is replaced by the correlator's SELECT of the values events carry or reach.
-- Parameters: to_milestone String; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to (exclusive)
--   DateTime64(6) UTC: starts this version of the SLA judges.
SELECT s.key AS key, s.per AS per, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM starts AS s
LEFT JOIN (
  SELECT ends.key AS key, reached.value AS value, min(ends.occurred_at) AS answered_at
  FROM staged_events AS ends
  INNER JOIN (/*reached*/) AS reached ON ends.event_id = reached.event_id
  WHERE ends.milestone = {to_milestone:String} AND ends.occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, value
) AS e ON s.key = e.key AND s.per = e.value
WHERE s.started_at >= {effective_from:DateTime64(6)} AND s.started_at < {effective_to:DateTime64(6)}
