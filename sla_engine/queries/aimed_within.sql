-- Purpose: the own time at which each clock is due, and that at which it is at risk; none while it is paused before.
-- A pause counts if it began before the clock ended and before the time asked for was used up.
-- Parameters: within_us Array(Int64), has_risk Array(UInt8) and risk_us Array(Int64), own time used from which on it is at risk, of
--   each SLA.
WITH toInt64(9223372036854775807) AS open
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  if(arrayExists((p, u) -> p.2 = open AND u < within_us, live, used), NULL,
    own_us + within_us + arraySum(arrayMap((u, length) -> if(u < within_us, length, 0), used, lengths))) AS due_us,
  if(has_no_risk OR arrayExists((p, u) -> p.2 = open AND u < risk_us, live, used), NULL,
    own_us + risk_us + arraySum(arrayMap((u, length) -> if(u < risk_us, length, 0), used, lengths))) AS risk_own_us
FROM (
  SELECT *, arrayMap((p, total, length) -> p.1 - own_us - (total - length), live, arrayCumSum(lengths), lengths) AS used
  FROM (
    SELECT *, arrayMap(p -> if(p.2 = open, 0, p.2 - p.1), live) AS lengths
    FROM (
      SELECT * EXCEPT pauses, {within_us:Array(Int64)}[n] AS within_us, {risk_us:Array(Int64)}[n] AS risk_us,
        {has_risk:Array(UInt8)}[n] = 0 AS has_no_risk,
        arrayMap(p -> (greatest(p.2, own_us), if(p.3 > ended_us, open, p.4)),
          arrayFilter(p -> p.1 < ended_us AND p.3 > toUnixTimestamp64Micro(started_at), pauses)) AS live
      FROM (
        SELECT *, least(ifNull(toUnixTimestamp64Micro(satisfied_at), open), ifNull(toUnixTimestamp64Micro(cancelled_at), open)) AS ended_us
        FROM timed
      )
    )
  )
)
