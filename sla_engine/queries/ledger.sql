-- Purpose: a page of an SLA's ledger, oldest first.
-- Parameters: tenant, sla String; known_at, as_of DateTime64(6) UTC, both inclusive; verdicts Array(String), empty for all;
--   after UInt64, the place the page begins behind; limit UInt32. Index: verdicts by (tenant, sla, seq).
SELECT tenant, workflow, sla, key, clock, per, verdict, valid_from, known_at, started_at, deadline_at, satisfied_at, reason,
  definition, seq, of_rebuild
FROM verdicts
WHERE tenant = {tenant:String} AND sla = {sla:String} AND seq > {after:UInt64}
  AND known_at <= {known_at:DateTime64(6)} AND valid_from <= {as_of:DateTime64(6)}
  AND (empty({verdicts:Array(String)}) OR has({verdicts:Array(String)}, toString(verdict)))
ORDER BY seq
LIMIT {limit:UInt32}
