-- Purpose: the own time at which each clock is due, and that at which it is at risk, where nothing pauses it.
-- Parameters: within_us Array(Int64), has_risk Array(UInt8) and risk_us Array(Int64), own time used from which on it is at risk, of
--   each SLA.
SELECT key, per, n, started_at, start_event, satisfied_at, cancelled_at, calendar, '' AS problem, own_us,
  NULL::Nullable(DateTime64(6, 'UTC')) AS promised_at,
  CAST(own_us + {within_us:Array(Int64)}[n], 'Nullable(Int64)') AS due_us,
  if({has_risk:Array(UInt8)}[n] = 0, NULL, own_us + {risk_us:Array(Int64)}[n]) AS risk_own_us
FROM timed
