-- Purpose: what was appended to a tenant's ledger behind a place, in order.
-- Parameters: tenant String; seq UInt64, exclusive; limit UInt32. Index: the minmax index on seq.
SELECT tenant, workflow, sla, key, clock, per, verdict, valid_from, known_at, started_at, deadline_at, satisfied_at, reason,
  definition, seq, of_rebuild
FROM verdicts
WHERE tenant = {tenant:String} AND seq > {seq:UInt64}
ORDER BY seq
LIMIT {limit:UInt32}
