-- Purpose: keep every judged clock as it stands now.
-- Parameters: tenant String; version UInt64, as_of in microseconds since 1970.
INSERT INTO clocks
SELECT {tenant:String}, workflow, key, sla, clock, per, definition, started_at, start_event, satisfied_at, cancelled_at,
  deadline_at, risk_at, problem, awaited, system, flags, verdict, valid_from, known_at, reason, next_at, {version:UInt64}, facts
FROM staged_verdicts
