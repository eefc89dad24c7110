-- Purpose: what is known already of the clocks of some instances, after a tick that did not finish: of the clock's row and the rows
-- that tick appended to the ledger the latest. `workflows` and `keys` are replaced by SELECTs of one column.
-- Parameters: tenant String, and those of the SELECTs; tail_after (exclusive), tail_upto (inclusive) UInt64, those ledger rows.
-- Index: clocks by (tenant, workflow, key); verdicts by the minmax index on seq.
INSERT INTO staged_known
SELECT clock, said.2, said.3, said.4, said.5, said.6, said.7, said.8, said.1, said.9, said.10, said.11
FROM (
  SELECT clock, argMax((said_at, key, sla, said, since, due_us, is_due, answer_us, facts, version, is_vanished),
    (said_at, place)) AS said
  FROM (
    SELECT clock, known_at AS said_at, key, toString(sla) AS sla, toString(verdict) AS said, valid_from AS since,
      ifNull(toUnixTimestamp64Micro(deadline_at), 0) AS due_us, deadline_at IS NOT NULL AS is_due,
      ifNull(toUnixTimestamp64Micro(satisfied_at), 0) AS answer_us, facts, version,
      verdict = 'cancelled' AND has(flags, 'vanished') AS is_vanished, 0 AS place
    FROM clocks FINAL
    PREWHERE tenant = {tenant:String} AND workflow IN (/*workflows*/) AND key IN (/*keys*/)
    UNION ALL
    SELECT clock, known_at, key, toString(sla), toString(verdict), valid_from, ifNull(toUnixTimestamp64Micro(deadline_at), 0),
      deadline_at IS NOT NULL, ifNull(toUnixTimestamp64Micro(satisfied_at), 0), 0, 0, 0, seq
    FROM verdicts
    WHERE tenant = {tenant:String} AND seq > {tail_after:UInt64} AND seq <= {tail_upto:UInt64}
      AND workflow IN (/*workflows*/) AND key IN (/*keys*/)
  )
  GROUP BY clock
)
