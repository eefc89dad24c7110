-- Purpose: the answer of each start for one value of the `per` key: the first end that carries or reaches the value,
-- whenever it came. `reached` is replaced by the correlator's SELECT of the values events carry or reach.
-- Parameters: to_milestone Array(String) of each SLA; as_of DateTime64(6) UTC, inclusive; effective_from (inclusive), effective_to
--   (exclusive) Array(Int64), microseconds since 1970: starts each version judges.
SELECT s.key AS key, s.per AS per, s.n AS n, s.started_at AS started_at, s.start_event AS start_event, s.promise AS promise,
  if(e.key = '', NULL, e.answered_at) AS satisfied_at
FROM (
  SELECT *, {to_milestone:Array(String)}[n] AS answer FROM starts
  WHERE toUnixTimestamp64Micro(started_at) >= {effective_from:Array(Int64)}[n]
    AND toUnixTimestamp64Micro(started_at) < {effective_to:Array(Int64)}[n]
) AS s
LEFT JOIN (
  SELECT ends.key AS key, toString(ends.milestone) AS answer, reached.value AS value, min(ends.occurred_at) AS answered_at
  FROM staged_events AS ends
  INNER JOIN (/*reached*/) AS reached ON ends.event_id = reached.event_id
  WHERE ends.milestone IN {to_milestone:Array(String)} AND ends.occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key, answer, value
) AS e ON s.key = e.key AND s.answer = e.answer AND s.per = e.value
