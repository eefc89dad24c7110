-- Purpose: the own time at which each clock with a promised date is at risk. Pauses do not move a promised date.
-- What is never due (the last instant of the store's range) is never at risk.
-- Parameters: has_risk UInt8; share_ppm UInt32, millionths of the own time from start to promise, or 0: then left_us Int64,
--   own time left.
SELECT key, per, started_at, start_event, satisfied_at, cancelled_at, calendar, problem, begun_us AS own_us, promised_at,
  CAST(NULL, 'Nullable(Int64)') AS due_us,
  multiIf({has_risk:UInt8} = 0 OR promised_at IS NULL OR promised_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
    {share_ppm:UInt32} = 0, timed.own_us - {left_us:Int64},
    begun_us + toInt64(intDiv(toInt128(timed.own_us - begun_us) * {share_ppm:UInt32} + 999999, 1000000))) AS risk_own_us
FROM timed
