-- What a tick must know of a clock to leave it alone: most clocks of an instance do not mind its next event.
ALTER TABLE clocks ADD COLUMN IF NOT EXISTS facts UInt64
  COMMENT 'hash of all that the verdict is made of but the time of judgement; 0 where it was not kept';
ALTER TABLE staged_verdicts ADD COLUMN IF NOT EXISTS facts UInt64;

CREATE TABLE IF NOT EXISTS staged_known (
  clock String,
  key String,
  sla LowCardinality(String),
  verdict LowCardinality(String),
  valid_from DateTime64(6, 'UTC'),
  due_us Int64,
  is_due Bool,
  answer_us Int64,
  known_at DateTime64(6, 'UTC'),
  facts UInt64,
  version UInt64,
  is_vanished Bool
) ENGINE = Memory;
