-- Purpose: append to the ledger what is news. `instances` is replaced by a SELECT of workflow and key, of those that only the switch of
-- a rebuild has touched.
-- Parameters: tenant String; seq UInt64, the last place taken; rebuilt Array(String), the workflows switched, with begun_us Array(Int64),
--   microseconds since 1970, before which it is no news; those of the SELECT.
INSERT INTO verdicts
SELECT {tenant:String}, {seq:UInt64} + row_number() OVER (ORDER BY valid_from, sla, key, clock), workflow, sla, key, clock, per,
  verdict, valid_from, known_at, started_at, deadline_at, satisfied_at, reason, definition, was, was_from,
  toUnixTimestamp64Micro(valid_from) < {begun_us:Array(Int64)}[indexOf({rebuilt:Array(String)}, toString(workflow))]
    AND (workflow, key) IN (/*instances*/)
FROM staged_verdicts WHERE is_news
