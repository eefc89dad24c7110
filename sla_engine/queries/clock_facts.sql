-- Purpose: one row per clock with all that a verdict is made of but the time of judgement.
-- Parameters: tenant, workflow, sla, definition, awaited, system String; is_each UInt8, whether each start has a clock.
SELECT {workflow:String} AS workflow, key, {sla:String} AS sla,
  lower(hex(sipHash128({tenant:String}, {sla:String}, key, per, if({is_each:UInt8}, start_event, '')))) AS clock,
  per, {definition:String} AS definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at,
  multiIf(risk_own_us IS NULL, NULL, risk_own_us <= own_us, started_at, reached_at) AS risk_at,
  problem, {awaited:String} AS awaited, {system:String} AS system,
  arrayConcat(
    if(ifNull(satisfied_at < started_at, 0), ['answered_before_start'], []),
    if(ifNull(promised_at < started_at, 0), ['promise_before_start'], [])) AS flags
FROM due
