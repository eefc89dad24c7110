-- Purpose: answered starts with the first cancelling event of their instance that came while they ran.
-- Parameters: as_of DateTime64(6) UTC, inclusive; calendar Array(String), the hash of each SLA's calendar or empty.
SELECT a.key AS key, a.per AS per, a.n AS n, a.started_at AS started_at, a.start_event AS start_event, a.promise AS promise,
  a.satisfied_at AS satisfied_at, arrayFirstOrNull(at -> at >= a.started_at, x.cancelled) AS cancelled_at,
  {calendar:Array(String)}[n] AS calendar
FROM answered AS a
LEFT JOIN (
  SELECT key, arraySort(groupArray(occurred_at)) AS cancelled FROM staged_events
  WHERE outcome = 'cancelled' AND occurred_at <= {as_of:DateTime64(6)}
  GROUP BY key
) AS x ON a.key = x.key
