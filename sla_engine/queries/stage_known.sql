-- Purpose: what is known already of the clocks of some instances. `workflows` and `keys` are replaced by SELECTs of one column.
-- Parameters: tenant String, and those of the SELECTs. Index: clocks by (tenant, workflow, key); the rows found are read in full
-- only where the key is right, whatever version of them it is.
INSERT INTO staged_known
SELECT clock, key, sla, verdict, valid_from, ifNull(toUnixTimestamp64Micro(deadline_at), 0), deadline_at IS NOT NULL,
  ifNull(toUnixTimestamp64Micro(satisfied_at), 0), known_at, facts, version, verdict = 'cancelled' AND has(flags, 'vanished')
FROM clocks FINAL
PREWHERE tenant = {tenant:String} AND workflow IN (/*workflows*/) AND key IN (/*keys*/)
