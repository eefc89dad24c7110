-- Purpose: one row per clock with all that a verdict is made of but the time of judgement.
-- Parameters: tenant, workflow String; sla, definition, awaited, system Array(String) and is_each Array(UInt8), whether each start
--   has a clock, of each SLA.
SELECT {workflow:String} AS workflow, key, {sla:Array(String)}[n] AS sla,
  lower(hex(sipHash128({tenant:String}, {sla:Array(String)}[n], key, per, if({is_each:Array(UInt8)}[n], start_event, '')))) AS clock,
  per, {definition:Array(String)}[n] AS definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at,
  multiIf(risk_own_us IS NULL, NULL, risk_own_us <= own_us, started_at, reached_at) AS risk_at,
  problem, {awaited:Array(String)}[n] AS awaited, {system:Array(String)}[n] AS system,
  arrayConcat(
    if(ifNull(satisfied_at < started_at, 0), ['answered_before_start'], []),
    if(ifNull(promised_at < started_at, 0), ['promise_before_start'], [])) AS flags
FROM due
