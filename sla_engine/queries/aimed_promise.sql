-- Purpose: the own time at which each clock with a promised date is at risk. Pauses do not move a promised date.
-- What is never due (the last instant of the store's range) is never at risk.
-- Parameters: of each SLA, has_risk Array(UInt8); share_ppm Array(UInt32), millionths of the own time from start to promise, or 0:
--   then left_us Array(Int64), own time left.
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, problem, begun_us AS own_us, promised_at,
  CAST(NULL, 'Nullable(Int64)') AS due_us,
  multiIf({has_risk:Array(UInt8)}[n] = 0 OR promised_at IS NULL OR promised_at >= toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC'), NULL,
    {share_ppm:Array(UInt32)}[n] = 0, timed.own_us - {left_us:Array(Int64)}[n],
    begun_us + toInt64(intDiv(toInt128(timed.own_us - begun_us) * {share_ppm:Array(UInt32)}[n] + 999999, 1000000))) AS risk_own_us
FROM timed
