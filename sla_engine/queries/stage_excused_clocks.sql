-- Purpose: the clocks, as they were last worked out, that somebody has excused since and that are not excused yet.
-- Parameters: tenant String; since (exclusive), as_of (inclusive) DateTime64(6) UTC, when the excuse was made; resting
-- Array(String): the SLAs that are not judged at present.
-- Index: excuses by tenant; reads the tenant's clocks of the SLAs in question.
INSERT INTO staged_clocks
WITH made AS (
  SELECT sla, clock, from_at, to_at FROM excuses
  WHERE tenant = {tenant:String} AND excused_at > {since:DateTime64(6)} AND excused_at <= {as_of:DateTime64(6)}
)
SELECT workflow, key, sla, clock, per, definition, started_at, start_event, satisfied_at, cancelled_at, deadline_at, risk_at,
  problem, awaited, system, flags
FROM clocks FINAL
WHERE tenant = {tenant:String} AND verdict IN ('pending', 'at_risk', 'unknown', 'breached')
  AND NOT has({resting:Array(String)}, sla)
  AND (
    clock IN (SELECT clock FROM made WHERE clock != '')
    OR clock IN (
      SELECT c.clock FROM clocks AS c INNER JOIN made AS m ON c.sla = m.sla
      WHERE c.tenant = {tenant:String} AND m.clock = '' AND c.deadline_at BETWEEN m.from_at AND m.to_at)
  )
