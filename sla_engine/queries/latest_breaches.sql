-- Purpose: the clocks that are breached now, latest deadline first, by the ledger rows that say so.
-- Parameters: tenant String; limit UInt32. Reads the tenant's clocks, then the ledger by the bloom index on clock.
WITH latest AS (
  SELECT clock FROM clocks FINAL
  WHERE tenant = {tenant:String} AND verdict = 'breached'
  ORDER BY valid_from DESC, clock
  LIMIT {limit:UInt32}
)
SELECT *
FROM (
  SELECT tenant, workflow, sla, key, clock, per, verdict, valid_from, known_at, started_at, deadline_at, satisfied_at,
    reason, definition, seq, of_rebuild
  FROM verdicts
  WHERE tenant = {tenant:String} AND clock IN (SELECT clock FROM latest)
  ORDER BY seq DESC
  LIMIT 1 BY clock
)
ORDER BY valid_from DESC, clock
