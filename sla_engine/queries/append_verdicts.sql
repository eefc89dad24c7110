-- Purpose: append to the ledger what is news.
-- Parameters: tenant String; seq UInt64, the last place taken.
INSERT INTO verdicts
SELECT {tenant:String}, {seq:UInt64} + row_number() OVER (ORDER BY valid_from, sla, key, clock), workflow, sla, key, clock, per,
  verdict, valid_from, known_at, started_at, deadline_at, satisfied_at, reason, definition, was, was_from
FROM staged_verdicts WHERE is_news
