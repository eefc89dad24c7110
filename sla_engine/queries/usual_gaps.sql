-- Purpose: how long each system is usually silent, by the hour of the week (0: Monday 00:00 UTC) in which the silence begins, and
-- over all hours (hour -1): the silence that 99 of 100 do not exceed, and how many there were. The present one does not count.
-- `minutes` is replaced by the correlator's SELECT of minutes in which systems were heard. Parameters: none.
WITH gaps AS (
  SELECT system, seen_at, dateDiff('microsecond', seen_at, next_at) / 1e6 AS seconds,
    (toDayOfWeek(seen_at) - 1) * 24 + toHour(seen_at) AS hour_of_week
  FROM (
    SELECT system, seen_at, leadInFrame(CAST(seen_at, 'Nullable(DateTime64(6, ''UTC''))')) OVER (
      PARTITION BY system ORDER BY minute ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_at
    FROM (/*minutes*/)
  )
  WHERE next_at IS NOT NULL
)
SELECT system, toInt16(hour_of_week) AS hour, count() AS silences, toFloat64(quantileExact(0.99)(seconds)) AS usual
FROM gaps GROUP BY system, hour
UNION ALL
SELECT system, toInt16(-1) AS hour, count() AS silences, toFloat64(quantileExact(0.99)(seconds)) AS usual
FROM gaps GROUP BY system
ORDER BY system, hour
