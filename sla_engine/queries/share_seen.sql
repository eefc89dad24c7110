-- Purpose: of the time since each system was first heard in the span looked at, the share in which its silence was no longer
-- than its cadence. `minutes` is replaced by the correlator's SELECT of minutes in which systems were heard.
-- Parameters: systems Array(String) with seconds Array(Float64), the cadence of each; now DateTime64(6) UTC.
WITH {seconds:Array(Float64)}[indexOf({systems:Array(String)}, toString(system))] AS cadence
SELECT system, 1 - sum(greatest(silent - cadence, 0)) / greatest(sum(silent), 1) AS share
FROM (
  SELECT system, dateDiff('microsecond', seen_at, ifNull(next_at, {now:DateTime64(6)})) / 1e6 AS silent
  FROM (
    SELECT system, seen_at, leadInFrame(CAST(seen_at, 'Nullable(DateTime64(6, ''UTC''))')) OVER (
      PARTITION BY system ORDER BY minute ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at
    FROM (/*minutes*/)
  )
)
WHERE has({systems:Array(String)}, toString(system)) AND silent >= 0
GROUP BY system
